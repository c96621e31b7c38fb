"""Deciding some records: the handler's answer, and which record is at fault when there is none.

Owns the rows' step from one call of the handler to the next. Must never await: nothing may come
between a decision and its rows.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from agents.lane.latest import LatestByTopic, merge_latest
from agents.lane.log import LogFailure
from agents.lane.port import (
    BatchHandler,
    BatchResult,
    Count,
    InputRecord,
    Notice,
    OutgoingRecord,
    Partition,
)
from agents.lane.rows import LaneRows


class Offender(NamedTuple):
    """The first record that cannot be decided, and what the handler raised at it."""

    offset: int
    error: Exception


class Decision(NamedTuple):
    """What records lead to, up to the first one that cannot be decided.

    Attributes:
        result: the outputs and rows of the records that were decided.
        decided: how many records that are, counted from the first.
        offender: the record after them; None when all were decided.
    """

    result: BatchResult
    decided: int
    offender: Offender | None


def decide(
    handler: BatchHandler,
    partition: Partition,
    rows: LaneRows,
    records: Sequence[InputRecord],
) -> Decision:
    """Decide the records and write their rows into `rows`.

    A handler that raises is asked again record by record: whatever it raised at, the records
    before it are decided and only one is held against it. A handler that raises at all of them
    together and at none by itself has decided them all.

    Raises:
        LogFailure: a row cannot be read.
    """
    try:
        result = handler(partition, rows, records)
    except LogFailure:  # of the rows: no record is at fault
        raise
    except Exception:  # noqa: BLE001 - the search below raises nothing and names the record
        return _decide_singly(handler, partition, rows, records)
    rows.change(result.rows)
    return Decision(result, len(records), None)


def _decide_singly(
    handler: BatchHandler,
    partition: Partition,
    rows: LaneRows,
    records: Sequence[InputRecord],
) -> Decision:
    outgoing: dict[str, list[OutgoingRecord]] = {}
    changed: dict[bytes, bytes | None] = {}
    latest: LatestByTopic = {}
    counts: Counter[Count] = Counter()
    notices: list[Notice] = []
    offender: Offender | None = None
    decided = 0
    for record in records:
        try:
            result = handler(partition, rows, (record,))
        except LogFailure:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, this record is the one
            offender = Offender(record.offset, error)
            break
        rows.change(result.rows)
        changed.update(result.rows)
        for topic, additions in result.outgoing.items():
            outgoing.setdefault(topic, []).extend(additions)
        merge_latest(latest, result.latest)
        counts.update(result.counts)
        notices.extend(result.notices)
        decided += 1
    return Decision(BatchResult(outgoing, changed, latest, counts, notices), decided, offender)
