"""Everything that can be wrong with an input record, each with its own stable code.

The code travels in header `biolatch-error-code` of the dead letter and as a label of the counter.
Codes are forever; messages may change. A message names fields and limits, never values.
"""

from enum import StrEnum

from events.errors import MalformedInput


class MalformedCode(StrEnum):
    """Why a record cannot be decoded (design sections 2 and 5)."""

    KEY_MISSING = "record.key_missing"
    KEY_INVALID = "record.key_invalid"
    TOMBSTONE = "record.tombstone"
    VALUE_TOO_LARGE = "record.value_too_large"
    TIMESTAMP_INVALID = "record.timestamp_invalid"
    ATTRIBUTE_MISSING = "envelope.attribute_missing"
    HEADER_REPEATED = "envelope.header_repeated"
    CONTENT_TYPE_UNKNOWN = "envelope.content_type_unknown"
    SPECVERSION_UNKNOWN = "envelope.specversion_unknown"
    TYPE_UNKNOWN = "envelope.type_unknown"
    TYPE_VERSION_UNKNOWN = "envelope.type_version_unknown"
    ID_INVALID = "envelope.id_invalid"
    SOURCE_INVALID = "envelope.source_invalid"
    SUBJECT_MISMATCH = "envelope.subject_mismatch"
    TIME_INVALID = "envelope.time_invalid"
    NOT_UTF8 = "data.not_utf8"
    NOT_JSON = "data.not_json"
    NOT_OBJECT = "data.not_object"
    DUPLICATE_KEY = "data.duplicate_key"
    NOT_FINITE = "data.not_finite"
    NESTED_TOO_DEEP = "data.nested_too_deep"
    FIELD_MISSING = "data.field_missing"
    FIELD_UNKNOWN = "data.field_unknown"
    FIELD_TYPE = "data.field_type"
    FIELD_TEXT = "data.field_text"
    FIELD_TIME = "data.field_time"
    FIELD_VALUE = "data.field_value"
    NUMBER_OUT_OF_RANGE = "data.number_out_of_range"
    SKIPPED = "operator.skipped"


def malformed(code: MalformedCode, message: str) -> MalformedInput:
    """The error for one of the codes."""
    return MalformedInput(code.value, message)
