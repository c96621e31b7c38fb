# Goal: what is told of the answers is what was committed, names no one, and changes no answer.
import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from structlog.testing import capture_logs

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, InputRecord, Notice, Partition
from agents.lane.status import Span
from agents.notice_lines import LINES_MAX, tell_in_lines
from agents.notices import NotingAgent
from events.decisions import Disabled, ReEnabled
from schemas import topics
from schemas.trace_context import trace_of
from tests.property.history import generate

ZERO = Partition(topics.DEVICE_EVENTS, 0)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOTABLE = {Disabled.event_type.encode(), ReEnabled.event_type.encode()}


class Record(NamedTuple):
    """As the lane reads it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

    def traced(self) -> "Record":
        return self._replace(headers=[*self.headers, ("ce_traceparent", TRACE.encode())])


def history(*, traced_share: float = 0.0) -> list[Record]:
    chance = random.Random(5)
    records = [
        Record(offset, raw.timestamp_ms, raw.key, raw.value, raw.headers)
        for offset, raw in enumerate(generate(seed=5, events=1_500, malformed_share=0.05).records)
    ]
    return [each.traced() if chance.random() < traced_share else each for each in records]


def answered(
    agent: DevicesAgent | NotingAgent, records: Sequence[InputRecord]
) -> Iterator[BatchResult]:
    rows: dict[bytes, bytes | None] = {}
    for begin in range(0, len(records), 50):
        result = agent(ZERO, rows, records[begin : begin + 50])  # type: ignore[arg-type]
        rows |= result.rows
        yield result


def told_in(result: BatchResult) -> set[int]:
    return {offset_of(headers) for _, _, headers in result.outgoing.get(topics.VERDICTS, ())}


def told_of(result: BatchResult) -> set[int]:
    return {notice.offset for notice in result.notices}


def offset_of(headers: Sequence[tuple[str, bytes | None]]) -> int:
    return int((dict(headers)["ce_id"] or b"").split(b"/")[-2])


def test_without_traces_the_answers_are_the_same_to_the_byte() -> None:
    records = history(traced_share=0.5)
    noting = NotingAgent(DevicesAgent(Policy()), follows_traces=False)
    told = 0
    for plain, noted in zip(
        answered(DevicesAgent(Policy()), records), answered(noting, records), strict=True
    ):
        assert noted._replace(notices=()) == plain
        told += len(noted.notices)
        letters = {
            int(dict(headers)["biolatch-original-offset"] or b"")
            for _, _, headers in plain.outgoing.get(topics.DEAD_LETTERS, ())
        }
        changes = {
            offset_of(headers)
            for _, _, headers in plain.outgoing.get(topics.DECISIONS, ())
            if dict(headers)["ce_type"] in NOTABLE
        }
        assert {notice.offset for notice in noted.notices} == letters | changes
        assert [notice.offset for notice in noted.notices] == sorted(letters | changes)
    assert told > 100


def test_where_traces_are_followed_an_answer_names_the_trace_and_is_else_the_same() -> None:
    records = history(traced_share=0.3)
    # The history has traces of its own, in both modes.
    traces = {each.offset: trace_of(each.value, each.headers) for each in records}
    noting = NotingAgent(DevicesAgent(Policy()), follows_traces=True)
    seen: set[int] = set()
    for plain, noted in zip(
        answered(DevicesAgent(Policy()), records), answered(noting, records), strict=True
    ):
        assert (noted.rows, noted.latest, noted.counts) == (plain.rows, plain.latest, plain.counts)
        for topic in (topics.VERDICTS, topics.DECISIONS):
            for ours, theirs in zip(
                plain.outgoing.get(topic, ()), noted.outgoing.get(topic, ()), strict=True
            ):
                key, value, headers = ours
                offset = offset_of(headers)
                trace = traces[offset]
                own = [] if trace is None else [("ce_traceparent", trace.encode())]
                assert theirs == (key, value, [*headers, *own])
                seen |= set() if trace is None else {offset}
        assert noted.outgoing.get(topics.DEAD_LETTERS) == plain.outgoing.get(topics.DEAD_LETTERS)
        assert all(notice.trace == traces[notice.offset] for notice in noted.notices)
        assert all(traces[offset] is None for offset in told_in(plain) - told_of(noted))
    assert len(seen) > 300


def test_an_event_that_a_row_has_already_is_told_of_once() -> None:
    records = history(traced_share=1.0)[:50]
    noting = NotingAgent(DevicesAgent(Policy()), follows_traces=True)
    first = noting(ZERO, {}, records)
    again = noting(ZERO, first.rows, records)  # type: ignore[arg-type]
    letters = len(again.outgoing.get(topics.DEAD_LETTERS, ()))
    assert (len(first.notices), len(again.notices)) == (50, letters)


def test_a_line_leads_to_the_record_and_names_no_one() -> None:
    records = history(traced_share=1.0)
    noting = NotingAgent(DevicesAgent(Policy()), follows_traces=True)
    for result in answered(noting, records):
        with capture_logs() as lines:
            tell_in_lines(ZERO, result.notices, Span(0, 1))
        by_offset = {notice.offset: notice for notice in result.notices}
        names = {record.key for record in records if record.key}
        for line in lines:
            if line["event"] == "event.more-not-told":
                continue
            assert (line["topic"], line["partition"]) == (topics.DEVICE_EVENTS, 0)
            assert line["trace_id"] == TRACE[3:35]
            notice = by_offset[line["offset"]]
            if line["event"] == "event.dead-lettered":
                assert (line["log_level"], line["code"]) == (
                    "warning",
                    notice.answer["dead_letter"],
                )
            else:
                assert line["decisions"] == notice.answer["decisions"]
            said = repr(line).encode()
            assert not any(name in said for name in names)


def test_a_flood_of_broken_records_is_no_flood_of_lines() -> None:
    letters = [Notice(offset, 0, {"dead_letter": "data.not_json"}) for offset in range(500)]
    verdicts = [Notice(offset, 0, {"verdict": "noted"}, TRACE) for offset in range(500)]
    with capture_logs() as lines:
        tell_in_lines(ZERO, [*verdicts, *letters], Span(0, 1))
    assert len(lines) == LINES_MAX + 1
    assert lines[-1]["event"] == "event.more-not-told"
    assert lines[-1]["events"] == 500 - LINES_MAX
    with capture_logs() as lines:
        tell_in_lines(ZERO, verdicts, Span(0, 1))
    assert lines == []


def test_all_else_is_the_agent_s() -> None:
    agent = DevicesAgent(Policy())
    noting = NotingAgent(agent, follows_traces=True)
    (record, *_) = history()
    assert noting.row_format == agent.row_format
    letter = agent.dead_letter(ZERO, record, "operator.skipped", "skipped")
    assert noting.dead_letter(ZERO, record, "operator.skipped", "skipped") == letter
    assert asyncio.run(prepared(noting, record)) is None


async def prepared(noting: NotingAgent, record: InputRecord) -> object:
    return noting.prepare({}, [record])
