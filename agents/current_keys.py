"""The publishers' keys that count now: those of the file, read again when it changes.

Must never be without keys: a file that has become unusable (half written, gone, exposed) leaves
the keys as they were and is tried again and again, with an error in the log for each reason.
"""

from pathlib import Path
from typing import Final

import structlog

from agents.key_file import version_of
from agents.publisher_keys import PublisherKeys, read_publisher_keys
from events.errors import Misconfigured

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
        self._path: Final = path
        self._trouble = ""
        self.by_kid: PublisherKeys
        self.by_kid, self._version = read_publisher_keys(path)

    def refresh(self) -> bool:
        """Look at the file, and read it if it is another one; whether the keys are others now."""
        if version_of(self._path) == self._version:
            self._trouble = ""
            return False
        before = self.by_kid
        try:
            self.by_kid, self._version = read_publisher_keys(self._path)
        except Misconfigured as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _logger.error("signatures.keys-unusable", code=error.code, reason=str(error))  # noqa: TRY400 - the operator's fault has no stack trace
            return False
        self._trouble = ""
        _logger.info(
            "signatures.keys-read",
            keys=len(self.by_kid),
            added=sorted(self.by_kid.keys() - before.keys()),
            withdrawn=sorted(before.keys() - self.by_kid.keys()),
        )
        return True
