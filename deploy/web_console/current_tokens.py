"""The tokens that count now: those of the file, read again when it changes.

A file that has become unusable (half written, gone) leaves the tokens as they were, with an error
in the log for each reason; a token that has left the file counts no more, at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from agents.key_file import version_of
from deploy.web_console.identity import Identity
from deploy.web_console.tokens_file import Digest, digest_of, read_tokens
from events.errors import Misconfigured

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class CurrentTokens:
    """The tokens of a file, or those given where there is no file."""

    def __init__(self, path: Path | None, given: Mapping[Digest, Identity]) -> None:
        """Read the file.

        Raises:
            Misconfigured: it cannot be used.
        """
        self._path: Final = path
        self._given: Final = given
        self._trouble = ""
        self._from_file: Mapping[Digest, Identity] = {}
        self._version = None
        if path is not None:
            self._from_file, self._version = read_tokens(path)

    @property
    def are_there(self) -> bool:
        """Whether anybody can log in with a token."""
        return bool(self._path or self._given)

    def holder_of_token(self, token: str) -> tuple[Digest, Identity] | None:
        """Whose token that is; None where it is nobody's."""
        digest = digest_of(token)
        identity = self.holder_of(digest)
        return None if identity is None else (digest, identity)

    def holder_of(self, digest: Digest) -> Identity | None:
        """Whose token has this digest now."""
        self._refresh()
        return self._given.get(digest) or self._from_file.get(digest)

    def _refresh(self) -> None:
        if self._path is None or version_of(self._path) == self._version:
            return
        try:
            self._from_file, self._version = read_tokens(self._path)
        except Misconfigured as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _logger.error("console.tokens-unusable", code=error.code, reason=str(error))  # noqa: TRY400 - the operator's fault has no stack trace
            return
        self._trouble = ""
        names = sorted(who.name for who in self._from_file.values())
        _logger.info("console.tokens-read", names=names)
