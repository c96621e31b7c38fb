"""Lines for `biolatch publish` that are no event of biolatch."""

from schemas.malformed import MalformedCode as Code
from tests.unit.malformed.envelopes import BROKEN_ATTRIBUTES, VALUE_BYTES_MAX
from tests.unit.malformed.fields import BROKEN_FIELDS
from tests.unit.malformed.texts import BROKEN_TEXTS
from tests.unit.sound_records import COMPLETE, DECLINED, FINISHED, SUBMITTED, compact, structured


def line(event_type: str, data: bytes, **changes: object) -> bytes:
    """A line of `biolatch publish`."""
    return structured(event_type, data, **changes).value or b""


_SOUND = compact(COMPLETE[FINISHED])
_JWK = dict[str, object](kty="EC", crv="P-256", x="AA", y="AA")


def _with_key_member(**members: str) -> bytes:
    return line(SUBMITTED, compact({**COMPLETE[SUBMITTED], "public_key": _JWK | members}))


_BEYOND_A_FLOAT = (FINISHED, BROKEN_TEXTS["field beyond a float"][0])
_NEEDS_ANOTHER_LINE = {name for name in BROKEN_TEXTS if "public key" in name} | {
    "field beyond a float"
}
BROKEN_LINES: dict[str, tuple[bytes, Code]] = {
    "unknown field": (line(FINISHED, _SOUND[:-1] + b',"sequence":1}'), Code.FIELD_UNKNOWN),
    "field of another event": (
        line(DECLINED, compact({**COMPLETE[DECLINED], "platform": "ios"})),
        Code.FIELD_UNKNOWN,
    ),
    "a reason for switching off": (
        line(DECLINED, compact({**COMPLETE[DECLINED], "reason": "creepy"})),
        Code.FIELD_UNKNOWN,
    ),
    "private key": (_with_key_member(d="c2VjcmV0"), Code.FIELD_UNKNOWN),
    "unknown attribute": (line(FINISHED, _SOUND, event_time="x"), Code.FIELD_UNKNOWN),
    "attribute name too long": (line(FINISHED, _SOUND, **{"a" * 21: "x"}), Code.FIELD_UNKNOWN),
    "attribute name in capitals": (line(FINISHED, _SOUND, traceParent="x"), Code.FIELD_UNKNOWN),
    "attribute name empty": (line(FINISHED, _SOUND, **{"": "x"}), Code.FIELD_UNKNOWN),
    "extension as number": (line(FINISHED, _SOUND, count=1), Code.FIELD_TYPE),
    "data in Base64": (line(FINISHED, b"null", data_base64="e30="), Code.FIELD_UNKNOWN),
    # A publisher would have to write it again, and what is beyond a float cannot be written.
    "beyond a float": (line(*_BEYOND_A_FLOAT), Code.NOT_FINITE),
    "no data": (line(FINISHED, b"null"), Code.NOT_OBJECT),
    "data as list": (line(FINISHED, b"[]"), Code.NOT_OBJECT),
    "data type": (line(FINISHED, _SOUND, datacontenttype="text/json"), Code.CONTENT_TYPE_UNKNOWN),
    "line as list": (b"[]", Code.NOT_OBJECT),
    "attribute missing": (line(FINISHED, _SOUND, time=...), Code.ATTRIBUTE_MISSING),
    "attribute null": (line(FINISHED, _SOUND, source=None), Code.ATTRIBUTE_MISSING),
    "attribute as number": (line(FINISHED, _SOUND, id=7), Code.FIELD_TYPE),
    "subject not a device id": (line(FINISHED, _SOUND, subject="phöne"), Code.KEY_INVALID),
    "subject empty": (line(FINISHED, _SOUND, subject=""), Code.KEY_INVALID),
    "value too large": (
        line(FINISHED, compact({**COMPLETE[FINISHED], "challenge": "x" * VALUE_BYTES_MAX})),
        Code.VALUE_TOO_LARGE,
    ),
    **{
        f"text: {name}": (line(FINISHED, text), code)
        for name, (text, code) in BROKEN_TEXTS.items()
        if name not in _NEEDS_ANOTHER_LINE
    },
    **{
        f"field: {name}": (line(broken.event_type, compact(broken.data)), broken.code)
        for name, broken in BROKEN_FIELDS.items()
    },
    **{
        f"attribute: {name}": (line(FINISHED, _SOUND, **{attribute: value}), code)
        for name, (attribute, value, code) in BROKEN_ATTRIBUTES.items()
        if attribute != "subject"
    },
}
