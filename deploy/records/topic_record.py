"""A record as it was read from a topic, and the stretch of a partition that is to be read."""

from typing import NamedTuple

from agents.lane.port import Partition


class TopicRecord(NamedTuple):
    """One record. Headers stand in wire order; a name may occur more than once."""

    partition: Partition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def header(self, name: str) -> str | None:
        """The last header of that name as text; bytes that are not UTF-8 become U+FFFD."""
        for given, value in reversed(self.headers):
            if given == name:
                return None if value is None else value.decode(errors="replace")
        return None


class Span(NamedTuple):
    """A stretch of a partition: from offset `start` up to, and without, offset `end`."""

    start: int
    end: int
