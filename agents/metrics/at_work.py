"""What a process without lanes says of itself: whether it does what it is for."""

from collections.abc import Generator
from contextlib import contextmanager


class AtWork:
    """Whether a process without lanes does what it is for, as it says itself.

    Written by its event loop and read by the endpoint's threads.
    """

    def __init__(self, otherwise: str) -> None:
        """Begin as one that is not at work.

        Args:
            otherwise: what is said of it while it is not.
        """
        self._otherwise = otherwise
        self._is_at_work = False

    @contextmanager
    def now(self) -> Generator[None]:
        """Be at work for the block."""
        self._is_at_work = True
        try:
            yield
        finally:
            self._is_at_work = False

    def obstacles(self) -> list[str]:
        """Why it is not at work; nothing when it is."""
        return [] if self._is_at_work else [self._otherwise]
