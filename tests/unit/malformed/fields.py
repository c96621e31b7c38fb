"""Events with one field that is not as its schema says."""

from dataclasses import dataclass

from schemas.malformed import MalformedCode as Code
from tests.unit.sound_records import (
    CHANGED,
    DECLINED,
    ERASED,
    FINISHED,
    REVOKED,
    SUBMITTED,
    required_fields,
)


@dataclass(frozen=True, slots=True)
class BrokenField:
    """An event with one field that is not as its schema says.

    Attributes:
        in_schema: whether a JSON Schema validator in Python finds it too.
    """

    event_type: str
    name: str
    value: object
    code: Code
    in_schema: bool = True

    @property
    def data(self) -> dict[str, object]:
        """Sound data but for the field; a value of ... leaves it out."""
        data = {**required_fields(self.event_type), self.name: self.value}
        return {name: value for name, value in data.items() if value is not ...}


def _key(**changes: object) -> dict[str, object]:
    return {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", **changes}


_TIME = "password_verified_at"

BROKEN_FIELDS: dict[str, BrokenField] = {
    "required field missing": BrokenField(FINISHED, "outcome", ..., Code.FIELD_MISSING),
    "required id missing": BrokenField(DECLINED, "user_id", ..., Code.FIELD_MISSING),
    "required field null": BrokenField(FINISHED, "outcome", None, Code.FIELD_MISSING),
    "nested field missing": BrokenField(
        SUBMITTED, "public_key", {"crv": "P-256", "x": "AA", "y": "AA"}, Code.FIELD_MISSING
    ),
    "seq as text": BrokenField(FINISHED, "seq", "7", Code.FIELD_TYPE),
    "seq as boolean": BrokenField(FINISHED, "seq", value=True, code=Code.FIELD_TYPE),
    "seq as fraction": BrokenField(FINISHED, "seq", 1.5, Code.FIELD_TYPE),
    # JSON Schema holds 1.0 for an integer; we do not, for many readers would not either.
    "seq as 1.0": BrokenField(FINISHED, "seq", 1.0, Code.FIELD_TYPE, in_schema=False),
    "epoch as boolean": BrokenField(CHANGED, "bio_epoch", value=True, code=Code.FIELD_TYPE),
    "epoch as list": BrokenField(CHANGED, "bio_epoch", [1], Code.FIELD_TYPE),
    "scans as text": BrokenField(FINISHED, "scans", "1", Code.FIELD_TYPE),
    "flag as text": BrokenField(REVOKED, "allow_re_enable", "true", Code.FIELD_TYPE),
    "flag as number": BrokenField(REVOKED, "allow_re_enable", 1, Code.FIELD_TYPE),
    "optional flag as number": BrokenField(CHANGED, "os_upgraded", 0, Code.FIELD_TYPE),
    "id as number": BrokenField(DECLINED, "user_id", 7, Code.FIELD_TYPE),
    "text as object": BrokenField(REVOKED, "reason_admin", {"text": "no"}, Code.FIELD_TYPE),
    "optional text as number": BrokenField(SUBMITTED, "challenge", 1, Code.FIELD_TYPE),
    "public key as text": BrokenField(SUBMITTED, "public_key", "AA", Code.FIELD_TYPE),
    "public key as list": BrokenField(SUBMITTED, "public_key", [], Code.FIELD_TYPE),
    "coordinate as number": BrokenField(SUBMITTED, "public_key", _key(x=1), Code.FIELD_TYPE),
    "epoch zero": BrokenField(SUBMITTED, "bio_epoch", 0, Code.NUMBER_OUT_OF_RANGE),
    "epoch too high": BrokenField(CHANGED, "bio_epoch", 2**31, Code.NUMBER_OUT_OF_RANGE),
    "epoch beyond 64 bits": BrokenField(CHANGED, "bio_epoch", 2**64, Code.NUMBER_OUT_OF_RANGE),
    "seq zero": BrokenField(FINISHED, "seq", 0, Code.NUMBER_OUT_OF_RANGE),
    "seq negative": BrokenField(FINISHED, "seq", -1, Code.NUMBER_OUT_OF_RANGE),
    "seq too high": BrokenField(FINISHED, "seq", 2**53, Code.NUMBER_OUT_OF_RANGE),
    "seq of 400 digits": BrokenField(FINISHED, "seq", 10**399, Code.NUMBER_OUT_OF_RANGE),
    "scans zero": BrokenField(FINISHED, "scans", 0, Code.NUMBER_OUT_OF_RANGE),
    "scans too high": BrokenField(FINISHED, "scans", 2**53, Code.NUMBER_OUT_OF_RANGE),
    "id empty": BrokenField(FINISHED, "user_id", "", Code.FIELD_TEXT),
    "id over-long": BrokenField(FINISHED, "login_id", "l" * 129, Code.FIELD_TEXT),
    "optional id over-long": BrokenField(SUBMITTED, "login_id", "l" * 129, Code.FIELD_TEXT),
    "optional id empty": BrokenField(ERASED, "user_id", "", Code.FIELD_TEXT),
    "id with a control character": BrokenField(FINISHED, "key_id", "a\tb", Code.FIELD_TEXT),
    "id with NUL": BrokenField(FINISHED, "key_id", "a\x00b", Code.FIELD_TEXT),
    "id with a delete character": BrokenField(DECLINED, "user_id", "a\x7f", Code.FIELD_TEXT),
    "id not ASCII": BrokenField(DECLINED, "user_id", "é", Code.FIELD_TEXT),
    # Python's `$` also matches before a last line break; ECMA's, which schemas mean, does not.
    "id with a line break": BrokenField(
        FINISHED, "key_id", "key-1\n", Code.FIELD_TEXT, in_schema=False
    ),
    "word unknown": BrokenField(FINISHED, "outcome", "won", Code.FIELD_VALUE),
    "word in capitals": BrokenField(FINISHED, "outcome", "MATCHED", Code.FIELD_VALUE),
    "word empty": BrokenField(FINISHED, "place", "", Code.FIELD_VALUE),
    "word as number": BrokenField(FINISHED, "outcome", 1, Code.FIELD_VALUE),
    "word as boolean": BrokenField(DECLINED, "channel", value=True, code=Code.FIELD_VALUE),
    "word as list": BrokenField(DECLINED, "channel", ["settings"], Code.FIELD_VALUE),
    "optional word unknown": BrokenField(SUBMITTED, "key_binding", "some", Code.FIELD_VALUE),
    "time as number": BrokenField(SUBMITTED, _TIME, 1_769_903_999_999, Code.FIELD_TIME),
    "time without offset": BrokenField(SUBMITTED, _TIME, "2026-01-31T23:59:59", Code.FIELD_TIME),
    "time is a leap second": BrokenField(SUBMITTED, _TIME, "2016-12-31T23:59:60Z", Code.FIELD_TIME),
    "time is no day": BrokenField(SUBMITTED, _TIME, "2026-02-30T00:00:00Z", Code.FIELD_TIME),
    "time is empty": BrokenField(SUBMITTED, _TIME, "", Code.FIELD_TIME),
}
