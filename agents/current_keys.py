"""The publishers' keys that count now: those of the file, read again when it changes.

Must never be without keys: see `agents.current_file`.
"""

from pathlib import Path
from typing import Final

import structlog

from agents.current_file import CurrentFile
from agents.publisher_keys import PublisherKeys, read_publisher_keys

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class CurrentKeys:
    """The keys of one file; used from one thread.

    Attributes:
        by_kid: the keys as of the last `refresh`.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            Misconfigured: it cannot be used.
        """
        self._file: Final = CurrentFile(
            path, read_publisher_keys, unusable="signatures.keys-unusable"
        )
        self.by_kid: PublisherKeys = self._file.content

    def refresh(self) -> bool:
        """Look at the file, and read it if it is another one; whether the keys are others now."""
        if not self._file.refresh():
            return False
        before, self.by_kid = self.by_kid, self._file.content
        _logger.info(
            "signatures.keys-read",
            keys=len(self.by_kid),
            added=sorted(self.by_kid.keys() - before.keys()),
            withdrawn=sorted(before.keys() - self.by_kid.keys()),
        )
        return True
