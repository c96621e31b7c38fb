"""TLS to the brokers, by files that may be replaced while a process runs.

Owns the one `ssl.SSLContext` that all clients of a process share. It looks at its files before each
handshake and, where one was replaced, reads all of them again: a new certificate, key or authority
counts from the next connection on. Files that do not fit together, as in the middle of a rotation,
leave what was in use as it was, with an error in the log.
"""

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

import structlog

from agents.lane.kafka.secret_file import UnusableSecret, read_secret

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Version: TypeAlias = tuple[tuple[int, int, int], ...]


class UnusableFiles(Exception):  # noqa: N818 - a state of the files, not a mistake of the caller
    """Certificates or keys cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Whom to trust and who we are; PEM, all of them.

    Attributes:
        ca_file: certificates of the authorities that brokers' certificates come from; None: the
            operating system's.
        certificate_file: our own certificate and the ones between it and its authority, if brokers
            ask for one.
        key_file: its private key; None: it stands in the certificate's file.
        key_password_file: what the key is encrypted with; None: it is not.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password_file: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """Every file that is named."""
        every = (self.ca_file, self.certificate_file, self.key_file, self.key_password_file)
        return tuple(path for path in every if path is not None)

    def context(self) -> ssl.SSLContext:
        """A context of what the files hold now. Broker names are always compared.

        Raises:
            UnusableFiles: they cannot be read, hold no PEM, or do not belong together.
        """
        try:
            context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UnusableFiles(f"{self.ca_file}: {_why(error, 'certificates')}") from error
        if self.certificate_file is not None:
            self._load_own(context, self.certificate_file)
        return context

    def _load_own(self, context: ssl.SSLContext, certificate_file: Path) -> None:
        # Without a password OpenSSL would ask for one on the terminal.
        password = ""
        try:
            if self.key_password_file is not None:
                password = read_secret(self.key_password_file)
            context.load_cert_chain(certificate_file, self.key_file, password)
        except UnusableSecret as error:
            raise UnusableFiles(str(error)) from error
        except (OSError, ssl.SSLError) as error:
            files = " and ".join(
                str(each) for each in (certificate_file, self.key_file) if each is not None
            )
            raise UnusableFiles(
                f"{files}: {_why(error, 'a certificate and a key of this password')}"
            ) from error


class RotatingContext(ssl.SSLContext):
    """Does each handshake by what the files hold then.

    Used from several threads. `wrap_bio` is what asyncio and uvloop call for a handshake; all else
    of this context stays as Python makes it, which trusts nobody.
    """

    _files: TlsFiles
    _current: ssl.SSLContext
    _version: _Version
    _replacing: threading.Lock

    def __new__(cls, files: TlsFiles) -> Self:
        """Read the files.

        Raises:
            UnusableFiles: they cannot be used.
        """
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        context._files = files
        context._version = _version(files)
        context._current = files.context()
        context._replacing = threading.Lock()
        return context

    def __init__(self, files: TlsFiles) -> None:
        """Take what `__new__` has read."""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as it is called
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a handshake; see `ssl.SSLContext`."""
        return self._renewed().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def _renewed(self) -> ssl.SSLContext:
        with self._replacing:
            version = _version(self._files)
            if version != self._version:
                self._version = version  # also where they are unusable: said once
                try:
                    self._current = self._files.context()
                except UnusableFiles as error:
                    _logger.error("kafka.tls-files-unusable", reason=str(error))  # noqa: TRY400 - the operator's fault has no stack trace
                else:
                    _logger.info("kafka.tls-files-read-again")
            return self._current


def _version(files: TlsFiles) -> _Version:
    """What changes when a file is written or replaced, also by a link that is turned to another."""
    versions: list[tuple[int, int, int]] = []
    for path in files.paths():
        try:
            about = path.stat()
        except OSError:
            versions.append((0, 0, 0))
        else:
            # A change of rights changes this time, too.
            versions.append((about.st_ino, about.st_ctime_ns, about.st_size))
    return tuple(versions)


def _why(error: OSError, expected: str) -> str:
    if not isinstance(error, ssl.SSLError):
        return f"cannot be read: {error.strerror}"
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key does not belong to the certificate"
    return f"no PEM form of {expected} is found there"
