# Goal: every record can be shown, whatever it holds, and nothing in it can act upon a terminal.
import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import Partition
from deploy.inspection.history import Origin, origin_of
from deploy.inspection.instants import instant_ms, span_of_time, written
from deploy.inspection.record_json import one_line, record_json
from deploy.inspection.record_lines import RecordLines
from deploy.inspection.record_words import words_for
from deploy.inspection.topic_names import named_topic
from deploy.inspection.visible_text import visible
from deploy.inspection.wording import NEXT_STEPS, OFFERS, REASONS, WITHOUT_DECISION
from deploy.records.topic_record import TopicRecord
from events.vocabulary import Guidance, Offer, OffReason
from schemas import topics
from tests.property.history import generate

NOW_MS = 1_769_903_999_999  # 2026-01-31T23:59:59.999Z
ALL_TOPICS = [topic.name for topic in topics.topology().topics]


def a_record(
    topic: str,
    key: bytes | None = b"phone-1",
    value: bytes | None = b"{}",
    headers: tuple[tuple[str, bytes | None], ...] = (),
) -> TopicRecord:
    return TopicRecord(Partition(topic, 3), 7, NOW_MS, key, value, headers)


arbitrary = st.builds(
    a_record,
    topic=st.sampled_from(ALL_TOPICS),
    key=st.none() | st.binary(max_size=9),
    value=st.none()
    | st.binary(max_size=30)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(
            st.sampled_from(["users", "cause", "reason", "user_id", "wait_until", "x"]), inner
        ),
    ).map(lambda document: json.dumps(document).encode()),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                ["ce_id", "ce_type", "biolatch-error-code", "biolatch-original-offset", "x"]
            ),
            st.none() | st.binary(max_size=9) | st.just(b"biolatch.verdict.refused.v1"),
        ),
        max_size=4,
    ).map(tuple),
)


@given(record=arbitrary)
def test_any_record_can_be_shown_and_none_moves_the_cursor(record: TopicRecord) -> None:
    words = words_for(record)
    assert (words.kind + words.about).isprintable()
    assert visible(record.key).isprintable()
    line = one_line(record_json(record))
    assert "\n" not in line
    assert json.loads(line)["offset"] == 7
    origin_of(record)


@given(key=st.none() | st.binary(), value=st.none() | st.binary())
def test_json_keeps_every_byte(key: bytes | None, value: bytes | None) -> None:
    shown = record_json(a_record("t", key=key, value=value))
    for name, content in (("key", key), ("value", value)):
        if f"{name}_base64" in shown:
            assert base64.b64decode(str(shown[f"{name}_base64"])) == content
            assert name not in shown
        elif content is not None and isinstance(shown[name], str):
            assert shown[name] == content.decode()


def test_json_shows_an_object_as_an_object_and_headers_by_name() -> None:
    headers = (("a", b"1"), ("b", b"\xff"), ("c", None), ("a", b"2"))
    shown = record_json(a_record("t", b"\x00k", b'{"u":"\xc3\xbc","n":1.5}', headers))
    assert shown == {
        "topic": "t",
        "partition": 3,
        "offset": 7,
        "timestamp": "2026-01-31T23:59:59.999Z",
        "key": "\0k",
        "headers": {"a": "2", "c": None},
        "headers_base64": {"b": "/w=="},
        "value": {"u": "ü", "n": 1.5},
    }
    assert record_json(a_record("t", value=b'{"a":1,"a":2}'))["value"] == '{"a":1,"a":2}'


class _Input:
    """A record as the lane hands it over."""

    def __init__(self, record: TopicRecord) -> None:
        self.offset = record.offset
        self.timestamp = record.timestamp_ms
        self.key = record.key
        self.value = record.value
        self.headers = [(name, content or b"") for name, content in record.headers]


@pytest.mark.parametrize("width", [80, 200])
def test_whatever_happens_a_line_on_a_terminal_is_one_line(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = DevicesAgent(Policy())
    rows: dict[bytes, bytes] = {}
    console = Console(force_terminal=True, width=width, highlight=False)
    for raw in generate(seed=5, events=300, partitions=1).records:
        place = Partition(raw.topic, raw.partition)
        record = TopicRecord(
            place, raw.offset, raw.timestamp_ms, raw.key, raw.value, tuple(raw.headers)
        )
        result = agent(place, rows, [_Input(record)])
        rows |= {key: row for key, row in result.rows.items() if row is not None}
        shown = [record]
        for topic, sent in result.outgoing.items():
            shown += [
                TopicRecord(Partition(topic, 0), raw.offset, raw.timestamp_ms, k, v, tuple(h))
                for k, v, h in sent
            ]
        for each in shown:
            RecordLines(console, each.partition.topic, with_device=True).show(each)
            out = capsys.readouterr().out
            assert out.count("\n") == 1
            assert "cannot be read" not in out
            if each.partition.topic != topics.DEVICE_EVENTS:
                assert origin_of(each) in (
                    Origin(raw.partition, raw.offset),
                    Origin(0, raw.offset),
                )


def test_every_word_of_the_domain_is_put_in_words() -> None:
    assert set(REASONS) == set(OffReason)
    assert set(NEXT_STEPS) == set(Guidance)
    assert set(OFFERS) == set(Offer)
    assert set(WITHOUT_DECISION) <= set(OffReason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW_MS - 600_000),
        ("250ms", NOW_MS - 250),
        ("3d", NOW_MS - 3 * 86_400_000),
        ("2026-01-31", NOW_MS - 86_399_999),
        ("2026-02-01T00:59:59.999+01:00", NOW_MS),
    ],
)
def test_times_can_be_typed(text: str, expected: int) -> None:
    assert instant_ms(text, now_ms=NOW_MS) == expected


@pytest.mark.parametrize("text", ["", "m", "-1m", "1w", "2026-13-01", "2026-01-31T00:00:00"])
def test_what_is_no_time_is_told_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="10m"):
        instant_ms(text, now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (59_940, "59.9 s"),
        (60_000, "1 min 0 s"),
        (3_599_999, "59 min 59 s"),
        (3_600_000, "1 h 0 min"),
        (93_600_000, "1 d 2 h"),
    ],
)
def test_durations_are_short(duration_ms: int, words: str) -> None:
    assert span_of_time(duration_ms) == words


def test_a_timestamp_outside_of_the_calendar_is_written_as_its_edge() -> None:
    assert written(-1) == "1970-01-01T00:00:00.000Z"
    assert written(2**62) == "9999-12-31T23:59:59.999Z"


def test_topics_have_short_and_full_names() -> None:
    assert named_topic("verdicts", "biolatch") == topics.VERDICTS
    assert named_topic("biolatch.verdicts", "biolatch") == topics.VERDICTS
    assert named_topic("other-devices-changelog", "other") == "other-devices-changelog"
    with pytest.raises(ValueError, match="dead-letters"):
        named_topic("verdict", "biolatch")
