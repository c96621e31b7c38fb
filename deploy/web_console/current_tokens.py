"""The tokens that count now: those of the file, read again when it changes.

A file that has become unusable (half written, gone) leaves the tokens as they were, with an error
in the log for each reason; a token that has left the file counts no more, at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from agents.current_file import CurrentFile
from deploy.web_console.identity import Identity
from deploy.web_console.tokens_file import Digest, digest_of, read_tokens

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class CurrentTokens:
    """The tokens of a file, or those given where there is no file."""

    def __init__(self, path: Path | None, given: Mapping[Digest, Identity]) -> None:
        """Read the file.

        Raises:
            Misconfigured: it cannot be used.
        """
        self._given: Final = given
        self._file: Final = (
            None
            if path is None
            else CurrentFile(path, read_tokens, unusable="console.tokens-unusable")
        )

    @property
    def are_there(self) -> bool:
        """Whether anybody can log in with a token."""
        return self._file is not None or bool(self._given)

    def holder_of_token(self, token: str) -> tuple[Digest, Identity] | None:
        """Whose token that is; None where it is nobody's."""
        digest = digest_of(token)
        identity = self.holder_of(digest)
        return None if identity is None else (digest, identity)

    def holder_of(self, digest: Digest) -> Identity | None:
        """Whose token has this digest now."""
        if self._file is None:
            return self._given.get(digest)
        if self._file.refresh():
            names = sorted(who.name for who in self._file.content.values())
            _logger.info("console.tokens-read", names=names)
        return self._given.get(digest) or self._file.content.get(digest)
