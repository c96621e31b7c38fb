"""What is worth telling of the devices agent's answers.

Of those that end somebody's biometric login or begin it anew, of dead letters, and of every event
that belongs to a trace. Owns which answers those are, and the names that `agents.notice_lines` and
`agents.tracing` tell them by. Pure, as what it wraps: it reads the outputs that the agent has made
and decides nothing. Where traces are followed, each output carries the `ce_traceparent` of the
event that it answers.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, InputRecord, Notice, OutgoingRecord, Partition, Rows
from agents.tally import kind_of
from events.decisions import Disabled, ReEnabled
from schemas import topics
from schemas.trace_context import TRACE_HEADER, trace_of

VERDICT: Final = "verdict"
"""The kind of the verdict, as in `biolatch_verdicts_total`."""
DECISIONS: Final = "decisions"
"""The kinds of the decisions in their order, with commas; without a trace only of those that are
worth a line."""
REASON: Final = "reason"
"""Why the event was refused, else why the last decision that has a reason was taken."""
DEAD_LETTER: Final = "dead_letter"
"""The code of the dead letter."""
EVENT_TYPE: Final = "event_type"
"""The type of the event that was answered."""

NOTABLE_KINDS: Final = frozenset(kind_of(decision) for decision in (Disabled, ReEnabled))
"""The decisions that are worth a line in the log."""

_NOTABLE_TYPES: Final = frozenset(kind.event_type.encode() for kind in (Disabled, ReEnabled))
_CODE_HEADER: Final = "biolatch-error-code"
_OFFSET_HEADER: Final = "biolatch-original-offset"


class _Cause(msgspec.Struct):
    type: str


class _Data(msgspec.Struct):
    """What is told of an output's value."""

    cause: _Cause
    reason: str | None = None


_decode: Final = msgspec.json.Decoder(_Data).decode


class NotingAgent:
    """The devices agent, with notices of what is worth telling."""

    def __init__(self, agent: DevicesAgent, *, follows_traces: bool) -> None:
        """Decide as `agent`; where traces are followed, note every event that belongs to one."""
        self._agent: Final = agent
        self._follows_traces: Final = follows_traces

    @property
    def row_format(self) -> int:
        """As of the agent."""
        return self._agent.row_format

    def prepare(
        self, rows: Rows, records: Sequence[InputRecord]
    ) -> asyncio.Future[Sequence[InputRecord]] | None:
        """As the agent."""
        return self._agent.prepare(rows, records)

    def dead_letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> BatchResult:
        """As the agent."""
        return self._agent.dead_letter(partition, record, code, message)

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        """As the agent.

        Raises:
            Misconfigured: as the agent.
        """
        result = self._agent(partition, rows, records)
        traces = _traces(records) if self._follows_traces else {}
        answers = _answers(result.outgoing, traces)
        if not answers:
            return result
        notices = [
            Notice(
                record.offset, record.timestamp, answers[record.offset], traces.get(record.offset)
            )
            for record in records
            if record.offset in answers
        ]
        return result._replace(notices=notices, outgoing=_traced(result.outgoing, traces))


def _traces(records: Iterable[InputRecord]) -> dict[int, str]:
    found = ((record.offset, trace_of(record.value, record.headers)) for record in records)
    return {offset: trace for offset, trace in found if trace is not None}


def _answers(
    outgoing: Mapping[str, Sequence[OutgoingRecord]], traces: Mapping[int, str]
) -> dict[int, dict[str, str]]:
    """What became of the events that are worth telling of: those with traces, in full."""
    answers: dict[int, dict[str, str]] = {}
    if traces:
        for output in outgoing.get(topics.VERDICTS, ()):
            offset = _offset_of(output)
            if offset in traces:
                answers[offset] = _of_verdict(output)
    for output in outgoing.get(topics.DECISIONS, ()):
        if output[2][1][1] in _NOTABLE_TYPES or (traces and _offset_of(output) in traces):
            _add_decision(answers.setdefault(_offset_of(output), {}), output)
    for _, _, headers in outgoing.get(topics.DEAD_LETTERS, ()):
        by_name = dict(headers)
        offset = int(by_name[_OFFSET_HEADER] or b"")
        answers[offset] = {DEAD_LETTER: (by_name[_CODE_HEADER] or b"").decode()}
    return answers


def _offset_of(output: OutgoingRecord) -> int:
    """Of the event that a verdict or decision answers: the last but one part of its id."""
    return int((output[2][0][1] or b"").split(b"/")[-2])


def _kind_of(output: OutgoingRecord) -> str:
    return (output[2][1][1] or b"").split(b".")[2].decode()


def _of_verdict(output: OutgoingRecord) -> dict[str, str]:
    data = _decode(output[1] or b"")
    answer = {VERDICT: _kind_of(output), EVENT_TYPE: data.cause.type}
    return answer if data.reason is None else answer | {REASON: data.reason}


def _add_decision(answer: dict[str, str], output: OutgoingRecord) -> None:
    kind, reason = _kind_of(output), _decode(output[1] or b"").reason
    answer[DECISIONS] = f"{answer[DECISIONS]},{kind}" if DECISIONS in answer else kind
    if reason is not None:
        answer[REASON] = reason


def _traced(
    outgoing: Mapping[str, Sequence[OutgoingRecord]], traces: Mapping[int, str]
) -> Mapping[str, Sequence[OutgoingRecord]]:
    """The outputs; those that answer an event of a trace name the trace.

    A dead letter has the headers of its original, and with them its trace.
    """
    if not traces:
        return outgoing
    return dict(outgoing) | {
        topic: [_with_trace(output, traces.get(_offset_of(output))) for output in outgoing[topic]]
        for topic in (topics.VERDICTS, topics.DECISIONS)
        if topic in outgoing
    }


def _with_trace(output: OutgoingRecord, trace: str | None) -> OutgoingRecord:
    if trace is None:
        return output
    key, value, headers = output
    return key, value, [*headers, (TRACE_HEADER, trace.encode())]
