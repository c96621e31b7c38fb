from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.timestamps import format_rfc3339, parse_rfc3339
from tests.unit.generated import INSTANT_MS_MAX, INSTANT_MS_MIN, INSTANTS_MS, STABLE
from tests.unit.malformed.envelopes import BAD_TIMES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@pytest.mark.parametrize(
    ("text", "instant_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9Z", -100),
        ("1970-01-01T00:00:00.0019999999Z", 1),
        ("1969-12-31T23:59:59.9989999999Z", -2),
        ("1970-01-01T00:00:00.5+23:59", 500 - (23 * 60 + 59) * 60_000),
        ("2000-02-29T12:30:45.678-05:30", 951_847_245_678),
        ("0001-01-01T00:00:00.000Z", INSTANT_MS_MIN),
        ("0001-01-01T01:00:00.000+01:00", INSTANT_MS_MIN),
        ("9999-12-31T23:59:59.999Z", INSTANT_MS_MAX),
        ("9999-12-31T22:59:59.999999-01:00", INSTANT_MS_MAX),
        ("2026-01-01T00:00:00." + "9" * 10_000 + "Z", 1_767_225_600_999),
    ],
)
def test_an_instant_is_read_to_the_millisecond_and_cut_there(text: str, instant_ms: int) -> None:
    assert parse_rfc3339(text) == instant_ms


@pytest.mark.parametrize("text", BAD_TIMES.values(), ids=BAD_TIMES)
def test_what_is_not_an_instant_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^']+$") as refused:
        parse_rfc3339(text)
    assert not text or text not in str(refused.value)


@STABLE
@given(INSTANTS_MS)
def test_what_is_written_is_what_python_s_own_clock_says(instant_ms: int) -> None:
    text = format_rfc3339(instant_ms)
    moment = EPOCH + timedelta(milliseconds=instant_ms)
    assert text == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert parse_rfc3339(text) == instant_ms


@STABLE
@given(INSTANTS_MS, OFFSETS)
def test_the_offset_does_not_matter(instant_ms: int, offset_minutes: int) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    try:
        local = (EPOCH + timedelta(milliseconds=instant_ms)).astimezone(zone)
    except OverflowError:
        return  # such a zone's own calendar has left the years 1 to 9999
    assert parse_rfc3339(local.isoformat(timespec="microseconds")) == instant_ms


@STABLE
@given(INSTANTS_MS, st.integers(0, 23), st.sampled_from("0123456789-:.TtZz+ \N{SUPERSCRIPT TWO}"))
def test_the_fast_path_takes_what_the_general_rule_takes(
    instant_ms: int, place: int, character: str
) -> None:
    # The canonical form has a fast path; one more digit of the fraction leaves it.
    canonical = format_rfc3339(instant_ms)
    text = canonical[:place] + character + canonical[place + 1 :]
    general = f"{text[:23]}0{text[23:]}"
    if not text[22].isdecimal():
        return  # then the digit more would be of another number
    assert _read(text) == _read(general)


def _read(text: str) -> int | None:
    try:
        return parse_rfc3339(text)
    except ValueError:
        return None


@pytest.mark.parametrize("instant_ms", [INSTANT_MS_MIN - 1, INSTANT_MS_MAX + 1])
def test_an_instant_outside_the_calendar_is_not_written(instant_ms: int) -> None:
    with pytest.raises(OverflowError):
        format_rfc3339(instant_ms)
