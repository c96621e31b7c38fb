# Goal: what could not be found out is unknown, never 0; and what is not decided is said so.
from collections.abc import Collection, Iterable, Mapping

import pytest
from rich.console import Console

from agents.lane.port import Partition
from deploy.commands.lag import _report, _show
from deploy.inspection.history import Origin, Step
from deploy.inspection.history_lines import HistoryLines
from deploy.inspection.lag import Lag, measure_lag
from deploy.monitor.agent_lags import GroupLag, GroupTopic
from deploy.records.connection import Connection
from deploy.records.reader import Polled, TopicReader
from deploy.records.topic_record import Span, TopicRecord
from events.errors import Misconfigured, TransientFailure
from schemas.topics import DEVICE_EVENTS

FIRST, SECOND = Partition(DEVICE_EVENTS, 0), Partition(DEVICE_EVENTS, 1)


class Mute(TopicReader):
    """Knows where the group and the topic stand, and cannot read a record."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(Connection(bootstrap_servers="nowhere:1"))
        self.failure = failure

    async def partitions(self, topic: str) -> list[Partition]:
        assert topic == DEVICE_EVENTS
        return [FIRST, SECOND]

    async def spans(self, partitions: Iterable[Partition]) -> dict[Partition, Span]:
        return dict.fromkeys(partitions, Span(0, 10))

    async def committed(
        self, group: str, partitions: Iterable[Partition]
    ) -> dict[Partition, int | None]:
        assert group == "group"
        return dict.fromkeys(partitions, 4)

    def start(self, positions: Mapping[Partition, int]) -> None:
        assert positions == {FIRST: 4, SECOND: 4}

    async def poll(
        self, partitions: Collection[Partition], *, key: bytes | None, wait_s: float
    ) -> dict[Partition, Polled]:
        del partitions, key, wait_s
        raise self.failure


@pytest.mark.parametrize("failure", [TransientFailure("a", "b"), Misconfigured("a", "b")])
async def test_an_age_that_cannot_be_read_is_unknown(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    lag = await measure_lag(Mute(failure), "group", now_ms=1)
    assert (lag.offsets_behind, lag.behind_ms) == (12, None)
    of = GroupLag(GroupTopic("group", DEVICE_EVENTS), lag)
    assert _report(of)["seconds_behind"] is None
    _show(Console(), of)
    assert capsys.readouterr().out.count("unknown") == 3


def test_a_topic_without_partitions_has_no_lag() -> None:
    assert (Lag(()).offsets_behind, Lag(()).behind_ms) == (0, 0)


def test_an_event_that_waits_and_an_answer_whose_event_is_gone_are_shown_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = HistoryLines(Console(width=80))
    event = TopicRecord(FIRST, 7, 0, b"phone-1", b"{}", ())
    verdict = event._replace(headers=(("ce_type", b"biolatch.verdict.noted.v1"),))
    lines.show(Step(Origin(0, 6), verdict=verdict))
    lines.show(Step(Origin(0, 7), event=event))
    assert capsys.readouterr().out.splitlines() == [
        "1970-01-01 (UTC)",
        "00:00:00.000  (input no longer kept)  0/6",
        "              - noted",
        "00:00:00.000  malformed  envelope.attribute_missing: header content-type is missing  0/7",
        "              - not decided yet",
    ]
