"""How clients prove who they are to brokers, and brokers to them: what each client is made with.

Owns the translation into aiokafka's arguments. It holds paths and never a secret: certificates,
keys and passwords are read from their files at each connection, so that whoever replaces a file
need not restart anything.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from agents.lane.kafka.secret_file import PasswordInFile
from agents.lane.kafka.tls import RotatingContext, TlsFiles

SecurityProtocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
ScramMechanism: TypeAlias = Literal["SCRAM-SHA-512", "SCRAM-SHA-256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScramLogin:
    """A name and the file of its password.

    Attributes:
        mechanism: by which the password is proved; it never travels.
        username: as brokers know it.
        password_file: read at each connection.
    """

    mechanism: ScramMechanism
    username: str
    password_file: Path


@dataclass(frozen=True, kw_only=True)
class Security:
    """What all clients of a process have in common besides their addresses.

    Attributes:
        tls: whom to trust and who we are; None: without TLS.
        login: None: without SASL.
    """

    tls: TlsFiles | None = None
    login: ScramLogin | None = None

    @property
    def protocol(self) -> SecurityProtocol:
        """As Kafka names it."""
        if self.tls is not None:
            return "SSL" if self.login is None else "SASL_SSL"
        return "PLAINTEXT" if self.login is None else "SASL_PLAINTEXT"

    @cached_property
    def _context(self) -> RotatingContext | None:
        return None if self.tls is None else RotatingContext(self.tls)

    def client(self) -> dict[str, Any]:
        """Return aiokafka's arguments.

        Raises:
            UnusableFiles: certificates or keys cannot be used.
        """
        arguments: dict[str, Any] = {
            "security_protocol": self.protocol,
            "ssl_context": self._context,
        }
        if self.login is not None:
            arguments |= {
                "sasl_mechanism": self.login.mechanism,
                "sasl_plain_username": self.login.username,
                "sasl_plain_password": PasswordInFile(self.login.password_file),
            }
        return arguments


PLAINTEXT = Security()
"""Neither encrypted nor authenticated."""
