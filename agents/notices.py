"""What is worth telling of the devices agent's answers.

Of those that end somebody's biometric login or begin it anew, of dead letters, and of every event
that belongs to a trace. Owns which answers those are, and the names that `agents.notice_lines` and
`agents.tracing` tell them by. Pure, as what it wraps: it reads the outputs that the agent has made
and decides nothing. Where traces are followed, each output carries the `ce_traceparent` of the
event that it answers.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, InputRecord, Notice, OutgoingRecord, Partition, Rows
from agents.tally import kind_of
from events.decisions import Decision, Disabled, ReEnabled
from events.verdicts import Verdict
from schemas import topics
from schemas.output_records import read_output
from schemas.trace_context import TRACE_HEADER, trace_of

VERDICT: Final = "verdict"
"""The kind of the verdict, as in `biolatch_verdicts_total`."""
DECISIONS: Final = "decisions"
"""The kinds of the decisions in their order, with commas."""
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
        told = {*traces, *_notable(result.outgoing)}
        if not told:
            return result
        by_offset = {record.offset: record for record in records}
        answers = _answers(result.outgoing, told)
        notices = [
            Notice(offset, by_offset[offset].timestamp, answers[offset], traces.get(offset))
            for offset in sorted(answers)
        ]
        return result._replace(notices=notices, outgoing=_traced(result.outgoing, traces))


def _traces(records: Iterable[InputRecord]) -> dict[int, str]:
    found = ((record.offset, trace_of(record.value, record.headers)) for record in records)
    return {offset: trace for offset, trace in found if trace is not None}


def _notable(outgoing: Mapping[str, Sequence[OutgoingRecord]]) -> Iterator[int]:
    """The offsets of the events whose answers are worth a line."""
    for record in outgoing.get(topics.DECISIONS, ()):
        if record[2][1][1] in _NOTABLE_TYPES:
            yield _offset_of(record)
    for _, _, headers in outgoing.get(topics.DEAD_LETTERS, ()):
        yield int(dict(headers)[_OFFSET_HEADER] or b"")


def _offset_of(output: OutgoingRecord) -> int:
    """Of the event that a verdict or decision answers: the last but one part of its id."""
    event_id = output[2][0][1] or b""
    return int(event_id.split(b"/")[-2])


def _answers(
    outgoing: Mapping[str, Sequence[OutgoingRecord]], told: set[int]
) -> dict[int, dict[str, str]]:
    """What became of these events, as it shall be told."""
    answers: dict[int, dict[str, str]] = {}
    for output in outgoing.get(topics.VERDICTS, ()):
        offset = _offset_of(output)
        if offset in told:
            answers[offset] = _of_verdict(output)
    for output in outgoing.get(topics.DECISIONS, ()):
        offset = _offset_of(output)
        if offset in told:
            _add_decision(answers[offset], output)
    for _, _, headers in outgoing.get(topics.DEAD_LETTERS, ()):
        by_name = dict(headers)
        offset = int(by_name[_OFFSET_HEADER] or b"")
        answers[offset] = {DEAD_LETTER: (by_name[_CODE_HEADER] or b"").decode()}
    return answers


def _data(output: OutgoingRecord) -> Verdict | Decision:
    event = read_output(output[1], output[2])
    if event is None:
        raise AssertionError("an output of our own is of a type that is not known")
    return event.data


def _of_verdict(output: OutgoingRecord) -> dict[str, str]:
    verdict = _data(output)
    answer = {VERDICT: kind_of(type(verdict)), EVENT_TYPE: verdict.cause.type}
    reason = getattr(verdict, "reason", None)
    return answer if reason is None else answer | {REASON: str(reason)}


def _add_decision(answer: dict[str, str], output: OutgoingRecord) -> None:
    decision = _data(output)
    kind = kind_of(type(decision))
    answer[DECISIONS] = f"{answer[DECISIONS]},{kind}" if DECISIONS in answer else kind
    reason = getattr(decision, "reason", None)
    if reason is not None:
        answer[REASON] = str(reason)


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
