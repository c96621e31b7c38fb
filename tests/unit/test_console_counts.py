# Goal: what the overview counts is right, however records come, and its pictures have its numbers.
import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agents.lane.port import Partition
from deploy.inspection.history import Origin
from deploy.records.topic_record import TopicRecord
from deploy.web_console.chart import HEIGHT, WIDTH, area_chart, column_chart, nice_top, shares
from deploy.web_console.live.feed_row import FeedRow, OutputKind, feed_row
from deploy.web_console.live.output_counts import MINUTES, OutputCounts
from deploy.web_console.live.standings import Standing, Standings, StatePlace
from schemas.topics import DECISIONS, VERDICTS

DEVICES = [f"phone-{number}" for number in range(5)]
USERS = st.dictionaries(
    st.sampled_from(["ana", "ben", "eve"]),
    st.sampled_from(
        [
            {"status": "enabled", "reason": None},
            {"status": "disabled", "reason": "admin"},
            {"status": "fallback", "reason": "user_choice"},
        ]
    ),
)
STATES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(DEVICES), st.none() | USERS), max_size=40
)


@given(STATES)
def test_standings_are_those_of_the_newest_state_of_every_device(
    states: list[tuple[int, str, dict[str, dict[str, str | None]] | None]],
) -> None:
    standings = Standings()
    newest: dict[tuple[int, str], tuple[int, dict[str, dict[str, str | None]]]] = {}
    for offset, (number, device, users) in enumerate(states):
        value = None if users is None else json.dumps({"users": users}).encode()
        standings.take(Partition("state", number), offset, device.encode(), value)
        if users is None:
            newest.pop((number, device), None)
        else:
            newest[number, device] = offset, users
    assert standings.devices == len(newest)
    assert standings.users() == Counter(
        Standing(str(user["status"]), user["reason"] or "")
        for _, users in newest.values()
        for user in users.values()
    )
    for device in DEVICES:
        assert set(standings.places_of(device)) == {
            StatePlace(Partition("state", number), offset)
            for (number, name), (offset, _) in newest.items()
            if name == device
        }


def test_a_state_that_cannot_be_read_is_a_device_without_users() -> None:
    standings = Standings()
    standings.take(Partition("state", 0), 0, b"phone-1", b"\xff")
    assert standings.devices == 1
    assert standings.users() == Counter()
    standings.forget()
    assert standings.devices == 0


def row(at_ms: int, kind: OutputKind, name: str, reason: str = "") -> FeedRow:
    nowhere = Origin(0, 0)
    return FeedRow(0, at_ms, kind, name, reason, "", "", "", (), nowhere, nowhere)


@given(st.lists(st.integers(0, 3 * MINUTES * 60_000), max_size=60))
def test_an_hour_is_counted_and_what_is_older_is_not(times: list[int]) -> None:
    counts = OutputCounts()
    now_ms = max(times, default=0)
    for at_ms in sorted(times):
        counts.add(row(at_ms, OutputKind.VERDICT, "refused", "wait"))
    minutes = counts.names_by_minute(OutputKind.VERDICT, now_ms)
    assert len(minutes) == MINUTES
    first = now_ms // 60_000 - MINUTES + 1
    wanted = sum(at_ms // 60_000 >= first for at_ms in times)
    assert sum(minute.total() for minute in minutes) == wanted
    assert counts.reasons(OutputKind.VERDICT, "refused", now_ms)["wait"] == wanted
    assert counts.reasons(OutputKind.VERDICT, "failed", now_ms) == Counter()


def test_rates_are_those_of_the_last_ten_whole_seconds() -> None:
    counts = OutputCounts()
    for second in range(30):
        counts.add(row(second * 1000 + 500, OutputKind.DECISION, "enabled"))
    assert counts.per_second(OutputKind.DECISION, 30_400) == 1.0
    assert counts.per_second(OutputKind.DECISION, 35_400) == 0.5
    assert counts.per_second(OutputKind.VERDICT, 30_400) == 0.0


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 10_000)), max_size=60))
def test_columns_have_the_heights_of_their_counts(columns: list[dict[str, int]]) -> None:
    chart = column_chart([Counter(column) for column in columns], "ab")
    assert chart.total == sum(sum(column.values()) for column in columns)
    assert len(chart.bars) == sum(map(len, columns))
    for bar in chart.bars:
        assert 0 <= bar.x < WIDTH
        assert -0.1 <= bar.y <= HEIGHT
        assert bar.y + bar.height <= HEIGHT + 0.1
    heights = sum(bar.height for bar in chart.bars)
    assert abs(heights - HEIGHT * chart.total / chart.top) < 1


@given(st.floats(0, 1e12))
def test_the_top_of_a_scale_is_not_far_above_what_it_shows(value: float) -> None:
    top = nice_top(value)
    assert value <= top
    assert top <= max(1, 2.001 * value)


def test_an_area_goes_through_its_points() -> None:
    chart = area_chart([(0, 0.0), (50, 1.5), (100, 3.0)], from_ms=0, to_ms=100)
    assert chart.outline == "0.0,100.0 0.0,100.0 300.0,50.0 600.0,0.0 600.0,100.0"
    assert chart.top == 3
    assert area_chart([], from_ms=0, to_ms=100).outline == ""


def test_shares_fill_the_row() -> None:
    bars = shares([("a", 1), ("b", 0), ("c", 3)])
    assert [(bar.name, bar.x, bar.width) for bar in bars] == [("a", 0, 150), ("c", 150, 450)]
    assert shares([("a", 0)]) == ()


def record(topic: str, value: bytes, event_type: str) -> TopicRecord:
    headers = (("ce_type", event_type.encode()), ("ce_id", b"biolatch.device-events/3/17/1"))
    return TopicRecord(Partition(topic, 3), 40, 1000, b"phone-1", value, headers)


def test_a_row_says_what_its_record_says_and_no_more() -> None:
    said = {"user_id": "ana", "reason": "admin", "platform": "ios", "key_id": "k", "new": {}}
    shown = feed_row(
        7, record(DECISIONS, json.dumps(said).encode(), "biolatch.decision.re-enabled.v1")
    )
    assert (shown.type, shown.reason, shown.platform) == ("decision.re-enabled", "admin", "ios")
    assert (shown.device, shown.user_id, shown.origin) == ("phone-1", "ana", Origin(3, 17))
    assert shown.facts == ()
    unreadable = feed_row(8, record(VERDICTS, b'{"user_id": 1}', "biolatch.verdict.refused.v1"))
    assert (unreadable.type, unreadable.user_id) == ("verdict.refused", "")
