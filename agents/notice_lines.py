"""The log's lines about answers: somebody's biometric login ended or begins anew, a dead letter.

Owns their names and their number: a flood of broken records must not become a flood of lines. A
line leads to everything else by `topic`, `partition` and `offset`, of which the ids of all outputs
are made, and by `trace_id` where the event belongs to a trace. No line names a device or a user.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from agents.lane.port import Notice, Partition
from agents.lane.status import Span
from agents.notices import DEAD_LETTER, DECISIONS, NOTABLE_KINDS, REASON
from schemas.trace_context import trace_id

LINES_MAX: Final = 20
"""As many lines at most are written of one transaction; one more tells how many were left out."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def tell_in_lines(partition: Partition, notices: Sequence[Notice], span: Span) -> None:
    """Write a line for each answer that is worth one."""
    del span
    notable = [notice for notice in notices if _is_notable(notice)]
    for notice in notable[:LINES_MAX]:
        log = _logger.bind(topic=partition.topic, partition=partition.number, offset=notice.offset)
        if notice.trace is not None:
            log = log.bind(trace_id=trace_id(notice.trace))
        code = notice.answer.get(DEAD_LETTER)
        if code is not None:
            log.warning("event.dead-lettered", code=code)
        else:
            answer = notice.answer
            log.info("event.decided", decisions=answer[DECISIONS], reason=answer.get(REASON))
    if len(notable) > LINES_MAX:
        _logger.info(
            "event.more-not-told",
            topic=partition.topic,
            partition=partition.number,
            events=len(notable) - LINES_MAX,
        )


def _is_notable(notice: Notice) -> bool:
    decisions = notice.answer.get(DECISIONS, "").split(",")
    return DEAD_LETTER in notice.answer or not NOTABLE_KINDS.isdisjoint(decisions)
