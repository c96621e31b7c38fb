"""Where notifications go: the file of endpoints, and the secrets that sign for them.

Owns what may stand in the file. Secrets are in files of their own, which only the worker may read;
none of them ever stands in a log or an error.
"""

import base64
import binascii
import ssl
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agents.key_file import read_key_file
from events.errors import Misconfigured

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how secrets begin, not one
SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64
"""How long a secret may be, by the Standard Webhooks specification."""


class Endpoint(NamedTuple):
    """One receiver of notifications.

    Attributes:
        name: what it is called in logs, dead letters and commands.
        url: where requests go.
        secrets: sign every request, all of them: while one is replaced, the receiver knows either.
        ca_file: PEM certificates of the authorities that it is trusted by; None: the system's.
    """

    name: str
    url: str
    secrets: tuple[bytes, ...]
    ca_file: Path | None

    def tls(self) -> ssl.SSLContext:
        """What connections to it are made with: its certificate and its name are verified."""
        return ssl.create_default_context(cafile=self.ca_file)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    url: Annotated[str, StringConstraints(max_length=2000)]
    secret_files: Annotated[list[str], Field(min_length=1, max_length=4)]
    ca_file: str | None = None
    allow_plain_http: bool = False


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    endpoints: Annotated[list[_Entry], Field(min_length=1, max_length=100)]


def read_endpoints(path: Path) -> tuple[Endpoint, ...]:
    """The endpoints of a file. Names of other files in it are relative to its folder.

    Raises:
        Misconfigured: the file, or one that it names, cannot be used.
    """
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).endpoints
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unusable(path, f"is not TOML: {error}") from error
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise _unusable(path, "; ".join(problems)) from None
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _unusable(path, f"two endpoints are named {', '.join(twice)}")
    return tuple(_endpoint(path, entry) for entry in entries)


def _endpoint(path: Path, entry: _Entry) -> Endpoint:
    _require_usable_url(path, entry)
    endpoint = Endpoint(
        name=entry.name,
        url=entry.url,
        secrets=tuple(read_secret_file(path.parent / each) for each in entry.secret_files),
        ca_file=None if entry.ca_file is None else path.parent / entry.ca_file,
    )
    try:
        endpoint.tls()
    except OSError as error:  # of TLS too
        raise _unusable(path, f"{entry.name}: {entry.ca_file} holds no certificates") from error
    return endpoint


def _require_usable_url(path: Path, entry: _Entry) -> None:
    try:
        url = urlsplit(entry.url)
        host, _port = url.hostname or "", url.port
    except ValueError as error:
        raise _unusable(path, f"{entry.name}: the url cannot be read") from error
    if url.scheme not in {"http", "https"} or not host or url.fragment:
        raise _unusable(path, f"{entry.name}: the url is not https://HOST/PATH")
    if url.username is not None or url.password is not None:
        raise _unusable(path, f"{entry.name}: the url has a user; its secret signs instead")
    if url.scheme == "http" and not (entry.allow_plain_http or _is_this_machine(host)):
        raise _unusable(
            path,
            f"{entry.name}: the url is not https, and messages name people; where something else "
            "encrypts on the way, set allow_plain_http = true",
        )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_secret_file(path: Path) -> bytes:
    """The secret of a file: `whsec_` and base64 of 24 to 64 random bytes, on one line.

    Raises:
        Misconfigured: it holds none, or others may read it.
    """
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    if file.is_exposed:
        raise Misconfigured(
            "notifier.secret-open",
            f"{path} holds a secret and can be read by others; run `chmod go= ` on it, or set "
            "`defaultMode: 0440` where Kubernetes mounts it",
        )
    try:
        text = file.content.decode("ascii").strip()
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (UnicodeDecodeError, binascii.Error):
        text, secret = "", b""
    if not text.startswith(SECRET_PREFIX) or not (
        SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX
    ):
        raise _unusable(
            path,
            f"is no secret: {SECRET_PREFIX} and base64 of {SECRET_BYTES_MIN} to "
            f"{SECRET_BYTES_MAX} bytes; `biolatch notifications secret FILE` makes one",
        )
    return secret


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("notifier.endpoints-file", f"{path}: {why}")
