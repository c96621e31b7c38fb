"""The settings of group `kafka`: where the cluster is, and how both sides prove who they are.

Owns which combinations make sense: a process never talks in the clear, or as nobody, because one of
its variables is missing. Secrets are named by their files and by nothing else, so none can stand in
an environment, a crash report or a list of processes.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from agents.lane.kafka.security import ScramLogin, ScramMechanism, Security, SecurityProtocol
from agents.lane.kafka.tls import TlsFiles
from agents.setting_groups import KafkaConnectionSettings

_FILES = ("ca_file", "certificate_file", "key_file", "key_password_file")
_LOGIN = ("sasl_username", "sasl_password_file")


class KafkaSettings(KafkaConnectionSettings):
    """How the cluster is reached."""

    security_protocol: SecurityProtocol = Field(
        default="PLAINTEXT",
        description="of the brokers' listener: SSL is TLS, SASL a user and a password",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM certificates of the authorities that brokers are trusted by; unset: the "
        "operating system's. This file and the next three are read again when they change",
    )
    certificate_file: Path | None = Field(
        default=None,
        description="this process's PEM certificate, with those between it and its authority",
    )
    key_file: Path | None = Field(
        default=None,
        description="its PEM private key; unset: it stands in the certificate's file",
    )
    key_password_file: Path | None = Field(
        default=None, description="holds what the private key is encrypted with"
    )
    sasl_mechanism: ScramMechanism = Field(
        default="SCRAM-SHA-512", description="how the password is proved; it never travels"
    )
    sasl_username: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        default=None, description="the user that brokers know"
    )
    sasl_password_file: Path | None = Field(
        default=None, description="holds the user's password; read at every connection"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        protocol = self.security_protocol
        if not protocol.endswith("SSL"):
            self._refuse(_FILES, f"is for TLS, and SECURITY_PROTOCOL is {protocol}")
        if not protocol.startswith("SASL"):
            self._refuse(_LOGIN, f"is for SASL, and SECURITY_PROTOCOL is {protocol}")
        elif missing := [name for name in _LOGIN if getattr(self, name) is None]:
            raise ValueError(f"SECURITY_PROTOCOL {protocol} needs {missing[0].upper()}")
        if self.certificate_file is None:
            self._refuse(("key_file", "key_password_file"), "needs a CERTIFICATE_FILE")
        return self

    def _refuse(self, names: tuple[str, ...], why: str) -> None:
        for name in names:
            if getattr(self, name) is not None:
                raise ValueError(f"{name.upper()} {why}")

    @property
    def security(self) -> Security:
        """What clients are made with besides the address; no file is read yet."""
        tls = TlsFiles(
            ca_file=self.ca_file,
            certificate_file=self.certificate_file,
            key_file=self.key_file,
            key_password_file=self.key_password_file,
        )
        login = (
            ScramLogin(
                mechanism=self.sasl_mechanism,
                username=self.sasl_username,
                password_file=self.sasl_password_file,
            )
            if self.sasl_username is not None and self.sasl_password_file is not None
            else None
        )
        uses_tls = self.security_protocol.endswith("SSL")
        return Security(tls=tls if uses_tls else None, login=login)
