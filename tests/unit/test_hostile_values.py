# Goal: what looks harmless and is not (texts that look alike, headers in disguise, bombs, clocks
# that lie) meets an exact code or a rule, never an exception and never more trust. Lists of
# malformed records: tests/unit/malformed; whatever nobody thought of: tests/fuzz.
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

import schemas.inputs
import schemas.strict_json
from agents.core.policy import Policy
from agents.device_rows import decode_row
from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, Partition
from events.errors import MalformedInput
from events.timestamps import format_rfc3339
from schemas.malformed import MalformedCode as Code
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, VERDICTS
from tests.unit.sound_records import (
    CHANGED,
    COMPLETE,
    DECLINED,
    ERASED,
    FINISHED,
    NOW_MS,
    SUBMITTED,
    WITHDRAWN,
    Record,
    binary,
    compact,
    envelope,
    read,
    structured,
)

TRICKS = {
    "a Cyrillic letter": "ph\u043ene-1",
    "composed": "phon\u00e9-1",
    "decomposed": "phone\u0301-1",
    "full width": "\uff50hone-1",
    "zero width": "phone\u200b-1",
    "joined": "phone\u200d-1",
    "soft hyphen": "phone\u00ad-1",
    "right to left": "phone\u202e-1",
    "isolated": "\u2066phone-1\u2069",
    "byte order mark": "\ufeffphone-1",
    "another space": "phone\u00a01",
    "a line separator": "phone\u20281",
    "other digits": "phone-\u0661",
    "beyond the first plane": "phone-1\U000e0041",
    "NUL": "phone-1\x00",
    "a line break": "phone-1\r\nce_id: other",
    "a tab": "phone\t1",
    "an escape sequence": "phone-1\x1b[2J",
    "DEL": "phone-1\x7f",
    "a control of Latin-1": "phone-1\x85",
}
TRICK = pytest.mark.parametrize("text", TRICKS.values(), ids=TRICKS)
ENROLLMENT = binary(SUBMITTED, compact(COMPLETE[SUBMITTED]))
ATTEMPT = binary(FINISHED, compact(COMPLETE[FINISHED])).with_header("ce_id", b"event-2")
PARTITION = Partition(DEVICE_EVENTS, 3)
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS


def code_of(record: Record) -> str:
    with pytest.raises(MalformedInput) as refused:
        read(record)
    return refused.value.code


@TRICK
def test_an_id_that_is_more_than_it_looks_has_its_code(text: str) -> None:
    raw = text.encode()
    assert code_of(replace(ATTEMPT, key=raw)) == Code.KEY_INVALID
    assert code_of(replace(ATTEMPT.with_header("ce_subject", raw), key=raw)) == Code.KEY_INVALID
    assert code_of(ATTEMPT.with_header("ce_subject", raw)) == Code.SUBJECT_MISMATCH
    assert code_of(ATTEMPT.with_header("ce_id", raw)) == Code.ID_INVALID
    assert code_of(ATTEMPT.with_header("ce_source", raw)) == Code.SOURCE_INVALID
    data = compact(COMPLETE[FINISHED])
    assert code_of(structured(FINISHED, data, id=text)) == Code.ID_INVALID
    assert code_of(structured(FINISHED, data, source=text)) == Code.SOURCE_INVALID
    assert code_of(structured(FINISHED, data, subject=text)) == Code.SUBJECT_MISMATCH
    for name in ("user_id", "login_id", "key_id"):
        for written in (compact, lambda value: json.dumps(value).encode()):
            value = written({**COMPLETE[FINISHED], name: text})
            assert code_of(binary(FINISHED, value)) == Code.FIELD_TEXT


@pytest.mark.parametrize("escape", [r"\ud83d", r"\ude00", r"\ude00\ud83d", r"a\udfffb"])
def test_half_of_a_surrogate_pair_is_no_id_and_no_json(escape: str) -> None:
    value = compact(COMPLETE[FINISHED]).replace(b"user-1", escape.encode())
    assert code_of(binary(FINISHED, value)) == Code.NOT_JSON
    assert code_of(structured(FINISHED, value)) == Code.NOT_JSON


def test_ids_that_only_look_alike_are_of_different_devices() -> None:
    keys = [b"phone-1", b"PHONE-1", b"phone-l", b"phone-1 ", b" phone-1", b"phone--1"]
    records = [
        replace(ENROLLMENT.with_header("ce_subject", key), key=key, offset=offset)
        for offset, key in enumerate(keys)
    ]
    assert len(decided(records).rows) == len(keys)


@pytest.mark.parametrize(
    "name", ["CE_ID", "Ce_Id", "ce-id", "ce_id ", " ce_id", "ce_id\r\n", "ce_id\x00", "c\u0435_id"]
)
def test_a_header_in_disguise_is_another_header(name: str) -> None:
    disguised = ATTEMPT.without_header("ce_id").with_more_headers((name, b"event-2"))
    assert code_of(disguised) == Code.ATTRIBUTE_MISSING
    assert read(ATTEMPT.with_more_headers((name, b"another"))) == read(ATTEMPT)


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"])
def test_a_repeated_attribute_is_refused_wherever_it_stands(name: str) -> None:
    sound = dict(ATTEMPT.headers)[name]
    again = ((name, sound), *ATTEMPT.headers)
    assert code_of(replace(ATTEMPT, headers=again)) == Code.HEADER_REPEATED
    assert code_of(ATTEMPT.with_more_headers((name, None))) == Code.HEADER_REPEATED


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_json_in_another_encoding_is_refused(encoding: str) -> None:
    text = compact(COMPLETE[FINISHED]).decode()
    for record in (binary(FINISHED, text.encode(encoding)), envelope(text.encode(encoding))):
        assert code_of(record) in {Code.NOT_UTF8, Code.NOT_JSON}


BOMBS = {
    "open brackets": (b"[" * 16_000, Code.NESTED_TOO_DEEP),
    "open braces": (b'{"a":' * 3_000, Code.NESTED_TOO_DEEP),
    "digits": (b'{"seq":' + b"9" * 16_000 + b"}", Code.NUMBER_OUT_OF_RANGE),
    "negative digits": (b'{"seq":-' + b"9" * 16_000 + b"}", Code.NUMBER_OUT_OF_RANGE),
    "one member 2,000 times": (b"{" + b'"a":1,' * 2_000 + b'"a":1}', Code.DUPLICATE_KEY),
    "1,900 members": (
        b"{" + b",".join(b'"%d":1' % number for number in range(1_900)) + b"}",
        Code.FIELD_MISSING,
    ),
    "a text of 16,000": (b'{"user_id":"' + b"x" * 16_000 + b'"}', Code.FIELD_TEXT),
    "an exponent": (b'{"seq":1e999999999}', Code.FIELD_MISSING),
}


@pytest.mark.parametrize(("value", "code"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_within_the_size_has_its_code(value: bytes, code: Code) -> None:
    assert code_of(binary(FINISHED, value)) == code


def test_a_value_beyond_the_size_is_refused_before_anybody_looks_into_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unexpected(*_: object, **__: object) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(schemas.inputs, "read_plainly", unexpected)
    monkeypatch.setattr(schemas.inputs, "read_object", unexpected)
    for record in (ATTEMPT, structured(FINISHED, b"{}")):
        assert code_of(replace(record, value=b"[" * 16_385)) == Code.VALUE_TOO_LARGE


def test_what_is_nested_too_deep_never_reaches_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    # The parser takes a frame of the stack for each level; the count before it takes none.
    class Parser:
        @staticmethod
        def decode(_: str) -> None:
            pytest.fail("it was parsed")

    monkeypatch.setattr(schemas.strict_json, "_decoder", Parser)
    assert code_of(binary(FINISHED, b'{"a":' + b"[" * 16 + b"]" * 16 + b"}")) == (
        Code.NESTED_TOO_DEEP
    )


def decided(records: Sequence[Record]) -> BatchResult:
    """What a fresh worker makes of these records; offsets are their places."""
    return DevicesAgent(Policy())(
        PARTITION, {}, [replace(record, offset=place) for place, record in enumerate(records)]
    )


def verdicts(records: Sequence[Record]) -> list[tuple[str, str | None]]:
    """The last word of each verdict's type, and why it is refused."""
    answers = decided(records).outgoing[VERDICTS]
    return [
        (
            (dict(headers)["ce_type"] or b"").decode().split(".")[2],
            json.loads(value or b"{}").get("reason"),
        )
        for _, value, headers in answers
    ]


FAR_TIMES = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"]


@pytest.mark.parametrize("time", FAR_TIMES)
@pytest.mark.parametrize("now_ms", [0, NOW_MS, 253_339_228_799_999])
def test_any_time_of_any_event_is_decided(time: str, now_ms: int) -> None:
    records = [
        replace(binary(kind, compact(data)), timestamp=now_ms)
        .with_header("ce_time", time.encode())
        .with_header("ce_id", kind.encode())
        for kind, data in COMPLETE.items()
    ]
    result = decided(records)
    assert len(result.outgoing[VERDICTS]) == len(records)
    assert DEAD_LETTERS not in result.outgoing


def at(record: Record, event_id: str, *, time_ms: int = NOW_MS, now_ms: int = NOW_MS) -> Record:
    """The record under another id, at these times."""
    dated = record.with_header("ce_time", format_rfc3339(time_ms).encode())
    return replace(dated.with_header("ce_id", event_id.encode()), timestamp=now_ms)


WITHDRAWAL = binary(WITHDRAWN, compact(COMPLETE[WITHDRAWN]))
ERASURE = binary(ERASED, compact({}))


@pytest.mark.parametrize("lowering", [WITHDRAWAL, ERASURE])
def test_a_time_far_ahead_does_not_keep_a_user_out_for_ever(lowering: Record) -> None:
    ahead = at(lowering, "1", time_ms=NOW_MS + 1_000 * YEAR_MS)
    assert verdicts([ahead, at(ENROLLMENT, "2", time_ms=NOW_MS + 1)])[1] == ("applied", None)


@pytest.mark.parametrize(
    ("skew_ms", "why"),
    [
        (-20 * 60_000, None),
        (-20 * 60_000 - 1, "password_too_old"),
        (5 * 60_000, None),
        (5 * 60_000 + 1, "password_too_old"),
        (-YEAR_MS, "password_too_old"),
        (1_000 * YEAR_MS, "password_too_old"),
    ],
)
def test_a_password_login_counts_only_near_the_broker_s_time(skew_ms: int, why: str | None) -> None:
    verified = format_rfc3339(NOW_MS + skew_ms)
    data = compact({**COMPLETE[SUBMITTED], "password_verified_at": verified})
    word = "applied" if why is None else "refused"
    assert verdicts([replace(ENROLLMENT, value=data)]) == [(word, why)]


def rejected(seq: int, login: str, now_ms: int) -> Record:
    data = {**COMPLETE[FINISHED], "outcome": "rejected", "seq": seq, "login_id": login}
    return at(replace(ATTEMPT, value=compact(data)), f"{login}-{seq}", now_ms=now_ms)


@pytest.mark.parametrize("back_ms", [1, HOUR_MS, YEAR_MS, NOW_MS])
def test_a_broker_s_clock_that_goes_back_locks_nobody_out(back_ms: int) -> None:
    story = [ENROLLMENT, *(rejected(seq, "first", NOW_MS) for seq in range(1, 6))]
    later = rejected(6, "second", NOW_MS - back_ms)
    answers = verdicts([*story, later])
    # Within an hour the wait stands; a longer one can only be the clock's.
    assert answers[-1] == (("refused", "wait") if back_ms == 1 else ("failed", None))


def test_a_time_that_goes_back_takes_no_trust_back_from_a_change() -> None:
    changed = binary(CHANGED, compact(COMPLETE[CHANGED]))
    again = {**COMPLETE[SUBMITTED], "key_id": "key-2", "bio_epoch": 2}
    records = [
        ENROLLMENT,
        at(changed, "2", now_ms=NOW_MS),
        at(replace(ENROLLMENT, value=compact(again)), "3", now_ms=NOW_MS - HOUR_MS),
        at(ATTEMPT, "4", now_ms=NOW_MS - YEAR_MS),
    ]
    assert verdicts(records)[2:] == [("refused", "password_too_old"), ("refused", "disabled")]


@pytest.mark.parametrize("offered", [2**31 - 1, 2**53 - 1])
def test_the_highest_number_is_taken_once_and_nothing_is_above_it(offered: int) -> None:
    epoch = min(offered, 2**31 - 1)
    top = {**COMPLETE[SUBMITTED], "bio_epoch": epoch}
    attempt = {**COMPLETE[FINISHED], "bio_epoch": epoch, "seq": 2**53 - 1}
    records = [
        replace(ENROLLMENT, value=compact(top)),
        at(replace(ATTEMPT, value=compact(attempt)), "2"),
        at(replace(ATTEMPT, value=compact(attempt)), "3"),
    ]
    assert verdicts(records) == [("applied", None), ("accepted", None), ("refused", "replayed")]
    (row,) = decided(records).rows.values()
    assert row is not None
    assert decode_row(row).users[0].seq == 2**53 - 1


def test_a_declined_prompt_at_the_end_of_time_can_still_be_written() -> None:
    last = replace(binary(DECLINED, compact(COMPLETE[DECLINED])), timestamp=253_339_228_799_999)
    assert verdicts([last]) == [("noted", None)]
