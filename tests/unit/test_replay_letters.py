# Goal: what is published again is the original to the byte, and nothing that is not wholly known.
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lane.port import Partition
from deploy.records.partitioner import partition_of
from deploy.records.topic_record import TopicRecord
from deploy.replay.letters import MEANINGS, Fate, Original, Selection, original_of
from schemas.dead_letters import Origin, dead_letter
from schemas.input_marks import REPLAY_OF_HEADER
from schemas.plain_inputs import Headers
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS

WRITTEN_MS = 1_000_000
CODE = "data.field_missing"


def letter(
    key: bytes | None = b"phone-1",
    value: bytes | None = b"{}",
    headers: Headers = (("ce_id", b"1"),),
    topic: str = DEVICE_EVENTS,
) -> TopicRecord:
    """The dead letter of a record that stood at 2/17."""
    origin = Origin(topic, 2, 17, 999_000)
    made = dead_letter(key, value, headers, origin=origin, code=CODE, message="no")
    return TopicRecord(Partition(DEAD_LETTERS, 2), 5, WRITTEN_MS, made[0], made[1], tuple(made[2]))


def original(of: TopicRecord, oldest_ms: int | None = None) -> Original | Fate:
    return original_of(of, partition_count=12, oldest_ms=oldest_ms)


HEADERS = st.lists(
    st.tuples(st.text(max_size=20).filter(lambda name: not name.startswith("biolatch-")),
              st.none() | st.binary(max_size=20)),
    max_size=5,
)  # fmt: skip


@given(st.binary(min_size=1, max_size=40), st.none() | st.binary(max_size=200), HEADERS)
def test_key_value_and_headers_are_those_of_the_original(
    key: bytes, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    found = original(letter(key, value, headers))
    assert isinstance(found, Original)
    assert (found.partition, found.key, found.value) == (partition_of(key, 12), key, value)
    assert found.headers == [*headers, (REPLAY_OF_HEADER, f"{DEAD_LETTERS}/2/5".encode())]


def test_a_replay_that_became_a_letter_again_names_the_newer_letter_only() -> None:
    first = original(letter())
    assert isinstance(first, Original)
    second = original(letter(headers=first.headers)._replace(offset=6))
    assert isinstance(second, Original)
    marks = [value for name, value in second.headers if name == REPLAY_OF_HEADER]
    assert marks == [f"{DEAD_LETTERS}/2/6".encode()]


def test_what_is_not_wholly_known_is_refused() -> None:
    unreadable = (("biolatch-batch-unreadable", b"too large"),)
    assert original(letter(value=b"x" * 200_000)) is Fate.TRUNCATED
    assert original(letter(headers=(("name", b"x" * 200_000),))) is Fate.TRUNCATED
    assert original(letter(None, None, unreadable)) is Fate.BATCH_UNREADABLE
    assert original(letter(key=None)) is Fate.KEY_MISSING
    assert original(letter(topic="somebody.else")) is Fate.NOT_OF_THE_INPUT
    assert original(letter()._replace(headers=())) is Fate.NOT_OF_THE_INPUT


def test_a_letter_whose_mark_may_be_gone_from_the_input_is_refused() -> None:
    assert original(letter(), oldest_ms=WRITTEN_MS + 1) is Fate.TOO_OLD
    assert isinstance(original(letter(), oldest_ms=WRITTEN_MS), Original)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(code="record.tombstone"),
        Selection(partition=3),
        Selection(from_offset=18),
        Selection(to_offset=16),
        Selection(until_ms=WRITTEN_MS),
        Selection(key=b"phone-2"),
    ],
)
def test_letters_are_selected_by_code_original_place_time_and_key(selection: Selection) -> None:
    everything = Selection(
        code=CODE,
        partition=2,
        from_offset=17,
        to_offset=17,
        until_ms=WRITTEN_MS + 1,
        key=b"phone-1",
    )
    assert Selection().has(letter())
    assert everything.has(letter())
    assert not selection.has(letter())


def test_a_letter_that_names_no_place_is_in_no_range_of_places() -> None:
    nowhere = letter()._replace(headers=())
    assert not Selection(partition=2).has(nowhere)
    assert not Selection(from_offset=0).has(nowhere)
    assert not Selection(to_offset=99).has(nowhere)


def test_every_fate_is_told_in_words() -> None:
    assert set(MEANINGS) == set(Fate)
