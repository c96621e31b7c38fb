"""The names of the Parquet files: they say what is in them, and so how far the feed is kept.

Owns the form `day=YYYY-MM-DD/PARTITION-FIRST-NEXT-KofN.parquet`: the events of one partition of the
topic from offset FIRST up to, and without, NEXT that happened on that day. What was read together
and happened on N days lies in N files, which are put in place one after another, the latest day
last: the last part says that all parts are there.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self

_NAME: Final = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)of(\d+)\.parquet", re.ASCII)
_DAY_FOLDER: Final = re.compile(r"day=(\d{4}-\d{2}-\d{2})", re.ASCII)


class FileName(NamedTuple):
    """What a file's name says.

    Attributes:
        partition: of the topic.
        first: offset from which was read.
        next_offset: offset from which is read next.
        part: which one of the files of this stretch it is, counted from 1.
        parts: how many there are.
    """

    partition: int
    first: int
    next_offset: int
    part: int
    parts: int

    @property
    def text(self) -> str:
        """The name; names of one partition sort as its offsets."""
        return (
            f"{self.partition}-{self.first:019}-{self.next_offset:019}"
            f"-{self.part}of{self.parts}.parquet"
        )

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a name says; None of a name that is not of this form."""
        matched = _NAME.fullmatch(text)
        return None if matched is None else cls(*map(int, matched.groups()))

    @property
    def is_last(self) -> bool:
        """Whether it says that its whole stretch is kept."""
        return self.part == self.parts


def day_folder(time_ms: int) -> str:
    """The folder of the day (UTC) of an instant, in the form that DuckDB and Spark know."""
    return f"day={datetime.fromtimestamp(time_ms / 1000, tz=UTC):%Y-%m-%d}"


def day_of_folder(name: str) -> str | None:
    """The day of a folder of that form, `YYYY-MM-DD`; None of another one."""
    matched = _DAY_FOLDER.fullmatch(name)
    return None if matched is None else matched[1]


def positions(names: Iterable[FileName]) -> Mapping[int, int]:
    """Where each partition is read from next, by the files that are there."""
    reached: dict[int, int] = {}
    for name in names:
        if name.is_last:
            reached[name.partition] = max(reached.get(name.partition, 0), name.next_offset)
    return reached


def is_left_over(name: FileName, reached: Mapping[int, int]) -> bool:
    """Whether a file is of a stretch that was not put in place as a whole: a crash was faster."""
    return name.next_offset > reached.get(name.partition, 0)
