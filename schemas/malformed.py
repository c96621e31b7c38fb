"""Everything that can be wrong with an input record, each with its own stable code.

The code travels in header `biolatch-error-code` of the dead letter and as a label of the counter.
Codes are forever; messages may change. A message names fields and limits, never values.
"""

from enum import StrEnum
from typing import Self

from events.errors import MalformedInput


class MalformedCode(StrEnum):
    """Why a record cannot be decoded (design sections 2 and 5).

    Attributes:
        meaning: what is wrong, for people.
        mend: what the publisher has to do about it.
    """

    meaning: str
    mend: str

    def __new__(cls, code: str, meaning: str, mend: str) -> Self:
        """Make the member of one code; its value is the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.mend = mend
        return member

    KEY_MISSING = (
        "record.key_missing",
        "The record has no key.",
        "Publish with the device id as the record's key.",
    )
    KEY_INVALID = (
        "record.key_invalid",
        "The key is not 1 to 128 printable ASCII characters.",
        "Use the app's installation id, in that form, as the device id.",
    )
    TOMBSTONE = (
        "record.tombstone",
        "The record has no value at all.",
        "Publish the event's data; to forget a device, publish `biolatch.device.erased.v1`.",
    )
    VALUE_TOO_LARGE = (
        "record.value_too_large",
        "The value is larger than 16 KiB.",
        "Send only the fields of the contract; an event is normally below 1 KiB.",
    )
    TIMESTAMP_INVALID = (
        "record.timestamp_invalid",
        "The record's timestamp is not in the years 1970 to 9997.",
        "Set the topic to `message.timestamp.type=LogAppendTime`, as `biolatch topics apply` does.",
    )
    ATTRIBUTE_MISSING = (
        "envelope.attribute_missing",
        "A required CloudEvents attribute, the content type or the data is missing or null.",
        "Send specversion, id, source, type, subject, time and content-type with every event.",
    )
    HEADER_REPEATED = (
        "envelope.header_repeated",
        "A `ce_` header or content-type occurs more than once.",
        "Send each of them once; look for a proxy or an interceptor that adds its own.",
    )
    CONTENT_TYPE_UNKNOWN = (
        "envelope.content_type_unknown",
        "The content type is neither `application/json` nor `application/cloudevents+json`.",
        "Send JSON in binary mode, or a structured-mode event whose datacontenttype is JSON.",
    )
    SPECVERSION_UNKNOWN = (
        "envelope.specversion_unknown",
        "The version of CloudEvents is not 1.0.",
        "Send specversion `1.0`.",
    )
    TYPE_UNKNOWN = (
        "envelope.type_unknown",
        "The type is not one of biolatch's input events.",
        "Compare the type with the published schemas; send other events to other topics.",
    )
    TYPE_VERSION_UNKNOWN = (
        "envelope.type_version_unknown",
        "The type is known, its version is not.",
        "Roll out the workers before the publishers, then replay the dead letters.",
    )
    ID_INVALID = (
        "envelope.id_invalid",
        "The event's id is not 1 to 128 printable ASCII characters.",
        "Use a UUID or a counter of the publisher's own.",
    )
    SOURCE_INVALID = (
        "envelope.source_invalid",
        "The event's source is not 1 to 128 printable ASCII characters.",
        "Use a short URI reference that names the publishing service.",
    )
    SUBJECT_MISMATCH = (
        "envelope.subject_mismatch",
        "The subject is not the record's key.",
        "Set both to the device id; a record cannot speak of another device than its key's.",
    )
    TIME_INVALID = (
        "envelope.time_invalid",
        "The event's time is not RFC 3339 with an offset, is a leap second, or is out of range.",
        "Write the time as `2026-01-31T23:59:59.999Z`, in the years 1 to 9999.",
    )
    NOT_UTF8 = (
        "data.not_utf8",
        "The value is not UTF-8.",
        "Encode the JSON in UTF-8.",
    )
    NOT_JSON = (
        "data.not_json",
        "The value is not JSON, starts with a byte order mark, or has half of a surrogate pair.",
        "Write the value with a JSON library, without a byte order mark.",
    )
    NOT_OBJECT = (
        "data.not_object",
        "The data is JSON but not an object, or Base64 in structured mode.",
        "Send the fields of the event as one JSON object.",
    )
    DUPLICATE_KEY = (
        "data.duplicate_key",
        "An object has two members of one name.",
        "Send every field once: which of two would count differs from reader to reader.",
    )
    NOT_FINITE = (
        "data.not_finite",
        "A number is NaN or infinite.",
        "Leave such a field out; JSON has no such numbers.",
    )
    NESTED_TOO_DEEP = (
        "data.nested_too_deep",
        "The JSON is nested deeper than 16 levels.",
        "Send only the fields of the contract; none is nested deeper than two levels.",
    )
    FIELD_MISSING = (
        "data.field_missing",
        "A required field is missing or null.",
        "Send every field that the event's schema requires.",
    )
    FIELD_UNKNOWN = (
        "data.field_unknown",
        "The event has no such field or attribute. Only publishing says so; workers ignore it.",
        "Mend the field's name, or leave it out.",
    )
    FIELD_TYPE = (
        "data.field_type",
        "A field has the wrong JSON type (an integer is neither text, nor boolean, nor 1.0).",
        "Send the type that the event's schema names.",
    )
    FIELD_TEXT = (
        "data.field_text",
        "A text is too short, too long or has characters that its field does not take.",
        "Keep to the lengths and the pattern of the event's schema.",
    )
    FIELD_TIME = (
        "data.field_time",
        "A field is not an RFC 3339 time with an offset, is a leap second, or is out of range.",
        "Write times as `2026-01-31T23:59:59.999Z`, in the years 1 to 9999.",
    )
    FIELD_VALUE = (
        "data.field_value",
        "A field's value is none of the words that it takes.",
        "Send one of the words that the event's schema lists.",
    )
    NUMBER_OUT_OF_RANGE = (
        "data.number_out_of_range",
        "A number is lower or higher than its field takes, or has more than 400 digits.",
        "Keep to the bounds of the event's schema.",
    )
    SIGNATURE_MISSING = (
        "signature.missing",
        "The record is not signed, and this installation requires signatures.",
        "Sign every event with the publisher's key (docs/signatures.md).",
    )
    SIGNATURE_INVALID = (
        "signature.invalid",
        "The signature is no detached JWS of the contract, or it does not fit the event.",
        "Sign exactly what is sent; nothing may change key, value or attributes on the way.",
    )
    SIGNATURE_KEY_UNKNOWN = (
        "signature.key_unknown",
        "No key of the workers' keys file has the signature's kid.",
        "Add the publisher's public key to the workers' keys file before it signs with it.",
    )
    SIGNATURE_KEY_NOT_VALID = (
        "signature.key_not_valid",
        "The key was not valid yet, or not any more, when the record was appended.",
        "Let the old key be valid until the new one signs; sign the event anew and publish it.",
    )
    SIGNATURE_TYPE_NOT_ALLOWED = (
        "signature.type_not_allowed",
        "The key may not sign events of this type.",
        "Add the type to the key's grant, or find out who uses the key for this.",
    )
    SIGNATURE_SOURCE_NOT_ALLOWED = (
        "signature.source_not_allowed",
        "The key may not speak for the event's source.",
        "Add the source to the key's grant, or find out who uses the key for this.",
    )
    SKIPPED = (
        "operator.skipped",
        "The record stopped its partition, and an operator chose to skip it.",
        "Find out why it could not be decided, then replay the dead letter.",
    )


def malformed(code: MalformedCode, message: str) -> MalformedInput:
    """The error for one of the codes."""
    return MalformedInput(code.value, message)
