import pytest

from schemas.dead_letters import ENVELOPE_BYTES_MAX, Origin, dead_letter
from schemas.outputs import OutputRecord
from schemas.plain_inputs import Headers
from schemas.topics import DEAD_LETTER_VALUE_BYTES_MAX

ORIGIN = Origin("biolatch.device-events", 3, 41, 1_769_904_000_249)
OWN = [
    ("biolatch-original-topic", b"biolatch.device-events"),
    ("biolatch-original-partition", b"3"),
    ("biolatch-original-offset", b"41"),
    ("biolatch-original-timestamp", b"1769904000249"),
    ("biolatch-error-code", b"data.not_json"),
    ("biolatch-error-message", b"not JSON"),
]


def letter(key: bytes | None, value: bytes | None, headers: Headers) -> OutputRecord:
    """The dead letter of a record that is not JSON."""
    return dead_letter(key, value, headers, origin=ORIGIN, code="data.not_json", message="not JSON")


@pytest.mark.parametrize("key", [None, b"", b"phone-1", b"\xff\x00"])
@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff\x00"])
def test_key_and_value_are_the_original_s(key: bytes | None, value: bytes | None) -> None:
    assert letter(key, value, []) == (key, value, OWN)


def test_headers_are_the_original_s_in_their_order_then_the_six() -> None:
    headers = [("b", b"\xff"), ("a", b"1"), ("b", b"2"), ("é", b""), ("content-type", b"x")]
    assert letter(b"k", b"v", headers)[2] == [*headers, *OWN]


def test_a_letter_s_own_headers_are_the_last_of_their_names() -> None:
    # A dead letter that was published again, or a record that pretends to be one.
    again = [*OWN, ("biolatch-truncated", b"key")]
    headers = letter(b"k", b"v", again)[2]
    assert headers == [*again, *OWN]
    assert dict(headers)["biolatch-error-code"] == b"data.not_json"


def test_a_value_within_the_limit_is_whole() -> None:
    value = b"x" * DEAD_LETTER_VALUE_BYTES_MAX
    assert letter(b"k", value, []) == (b"k", value, OWN)


def test_a_larger_value_is_cut_and_marked() -> None:
    value = bytes(range(256)) * 1_000
    _, cut, headers = letter(b"k", value, [("a", b"1")])
    assert cut == value[:DEAD_LETTER_VALUE_BYTES_MAX]
    assert headers == [("a", b"1"), *OWN, ("biolatch-truncated", b"value")]


def test_a_larger_key_is_cut_and_marked() -> None:
    key = b"k" * ENVELOPE_BYTES_MAX
    assert letter(key, b"v", []) == (key, b"v", OWN)
    assert letter(key + b"k", b"v", []) == (key, b"v", [*OWN, ("biolatch-truncated", b"key")])


def test_larger_headers_are_left_out_and_marked() -> None:
    name = "é" * 512  # names count in bytes too
    fitting = [(name, b"x" * (ENVELOPE_BYTES_MAX - 1024))]
    assert letter(b"k", b"v", fitting)[2] == [*fitting, *OWN]
    marked = [*OWN, ("biolatch-truncated", b"headers")]
    assert letter(b"k", b"v", [*fitting, ("a", b"")])[2] == marked


def test_everything_too_large_is_still_a_letter_that_fits() -> None:
    large = b"x" * 900_000
    key, value, headers = letter(large, large, [("a", large)])
    assert headers == [*OWN, ("biolatch-truncated", b"value,key,headers")]
    assert len(key or b"") + len(value or b"") < 150_000
