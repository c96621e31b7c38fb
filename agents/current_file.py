"""What a file of keys or tokens says now: it is read again when it changes.

Owns what becomes of a file that has become unusable (half written, gone, exposed): what it said
before stays, and it is tried again and again, with an error in the log for each reason.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import structlog

from agents.key_file import Version, version_of
from events.errors import Misconfigured

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Content = TypeVar("Content")


class CurrentFile(Generic[Content]):
    """One such file; used from one thread.

    Attributes:
        content: what it said at the last look that found it usable.
    """

    def __init__(
        self, path: Path, read: Callable[[Path], tuple[Content, Version]], *, unusable: str
    ) -> None:
        """Read the file.

        Args:
            path: where it is.
            read: returns what is in it and which file that was (`agents.key_file`).
            unusable: the log's event for a file that cannot be used any more.

        Raises:
            Misconfigured: it cannot be used.
        """
        self._path: Final = path
        self._read: Final = read
        self._unusable: Final = unusable
        self._trouble = ""
        self.content: Content
        self.content, self._version = read(path)

    def refresh(self) -> bool:
        """Look at the file, and read it if it is another one; whether it was read."""
        if version_of(self._path) == self._version:
            self._trouble = ""
            return False
        try:
            self.content, self._version = self._read(self._path)
        except Misconfigured as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _logger.error(self._unusable, code=error.code, reason=str(error))  # noqa: TRY400 - the operator's fault has no stack trace
            return False
        self._trouble = ""
        return True
