"""The words of the wire, for a fuzzer that would be long in guessing them."""

from typing import Final

from events import vocabulary
from events.facts import FACT_TYPES, PublicKey
from tests.unit.sound_records import attributes

_SIGNS: Final = (
    *(b"\\ud83d", b"\\ude00", b"\\u0000", b"NaN", b"Infinity", b"1e999", b"-1", b"2147483648"),
    *(b"9007199254740992", b'":"', b"\\\\", b"\r\n", b"\x00", b"\x7f", b"\xef\xbb\xbf", b"\xff"),
    *(b"\xe2\x80\xae", b"\xe2\x80\x8b", b"e\xcc\x81", b"\xd0\xb0", b"\x1f", b"\x1d", b"\x16"),
    *(b"9999-12-31T23:59:59.999Z", b"0001-01-01T00:00:00Z", b"2016-12-31T23:59:60Z"),
    *(b"application/json", b"application/cloudevents+json", b"ce_signature", b".."),
    *(
        b"[[[[[[[[",
        b"]]]]]]]]",
        b'{"a":',
        b"}}}}",
        b"\xff\xff\xff\xff\x0f",
        b"\x80\x80\x80\x80\x01",
    ),
)


def words() -> str:
    """A dictionary as libFuzzer reads it."""
    names = [field for data in (*FACT_TYPES, PublicKey) for field in data.__struct_fields__]
    enums = [kind for kind in vars(vocabulary).values() if isinstance(kind, type)]
    values = [
        member.value for kind in enums for member in getattr(kind, "__members__", {}).values()
    ]
    headers = [f"ce_{name}" for name in attributes("")]
    texts = [*names, *values, *headers, *(data.event_type for data in FACT_TYPES)]
    every = dict.fromkeys([*(str(text).encode() for text in texts), *_SIGNS])
    return "".join(f'"{_quoted(word)}"\n' for word in every)


def _quoted(word: bytes) -> str:
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and byte not in b'\\"' else f"\\x{byte:02x}"
        for byte in word
    )
