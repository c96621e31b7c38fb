"""Authorities, certificates, keys and passwords of a secured Kafka and of those who talk to it."""

import datetime as dt
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

HOST = "localhost"
_LONG_AGO = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
_YESTERDAY = _LONG_AGO + dt.timedelta(days=1)


def secret_file(path: Path, content: bytes) -> Path:
    """A file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


class Identity:
    """A certificate and its key, in files."""

    def __init__(self, folder: Path, name: str, certificate: trustme.LeafCert) -> None:
        self.certificate = folder / f"{name}.crt"
        self.certificate.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        # Kafka reads keys as PKCS 8 only.
        key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.key = secret_file(folder / f"{name}.key", pem)
        self.both = secret_file(folder / f"{name}.pem", pem + self.certificate.read_bytes())


class Authority:
    """Issues certificates; its own is in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._ca = trustme.CA(organization_name=name)
        self.file = folder / f"{name}-ca.crt"
        self.file.write_bytes(self._ca.cert_pem.bytes())

    def server(self, name: str, *hosts: str, expired: bool = False) -> Identity:
        return Identity(self._folder, name, self._issued(hosts or (HOST,), expired=expired))

    def client(self, name: str, *, expired: bool = False, file: str | None = None) -> Identity:
        """A certificate whose common name is the principal's."""
        issued = self._issued((), common_name=name, expired=expired)
        return Identity(self._folder, file or name, issued)

    def _issued(
        self, hosts: tuple[str, ...], *, common_name: str | None = None, expired: bool = False
    ) -> trustme.LeafCert:
        ends = {"not_before": _LONG_AGO, "not_after": _YESTERDAY} if expired else {}
        identities = hosts or (f"{common_name}.invalid",)
        return self._ca.issue_cert(*identities, common_name=common_name, **ends)
