"""Who may ask: the bearer tokens of a file, read again when it changes.

Owns the file: one token a line, several so that a new one can be handed out before the old one is
withdrawn. Kept in memory are digests only, and every comparison takes the same time. A file that
has become unusable (gone, half written, exposed) leaves the tokens as they were, with an error in
the log for each reason.
"""

import hashlib
import hmac
import re
from pathlib import Path
from typing import Final

import structlog

from agents.current_file import CurrentFile
from agents.key_file import Version, read_key_file
from events.errors import Misconfigured

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{32,512}=*", re.ASCII)
"""RFC 6750 section 2.1, and too long to be guessed."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class AccessTokens:
    """The tokens of one file; used from one thread."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            Misconfigured: it cannot be used.
        """
        self._digests: Final = CurrentFile(path, _read, unusable="read-api.tokens-unusable")

    def accept(self, token: str) -> bool:
        """Whether whoever has this token may ask, as the file says now."""
        if self._digests.refresh():
            _logger.info("read-api.tokens-read", tokens=len(self._digests.content))
        given = _digest(token)
        # All are compared, so that the time says nothing about which one it is.
        return sum([hmac.compare_digest(given, digest) for digest in self._digests.content]) > 0


def _read(path: Path) -> tuple[tuple[bytes, ...], Version]:
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from error
    if file.is_exposed:
        raise _unusable(path, "holds secrets and can be read by others; run `chmod 600` on it")
    lines = [line.strip() for line in file.content.decode("ascii", "replace").splitlines()]
    tokens = [(number, line) for number, line in enumerate(lines, 1) if line and line[0] != "#"]
    for number, token in tokens:
        if not _TOKEN.fullmatch(token):
            raise _unusable(
                path,
                f"line {number} is no token: 32 to 512 of A-Z, a-z, 0-9 and -._~+/ "
                "(`openssl rand -hex 32` makes one)",
            )
    if not tokens:
        raise _unusable(path, "holds no token; `openssl rand -hex 32` makes one")
    return tuple(_digest(token) for _, token in tokens), file.version


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("read-api.tokens-file", f"{path} {why}")
