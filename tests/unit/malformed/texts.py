"""Texts that are not one JSON object which all readers read alike."""

from schemas.malformed import MalformedCode as Code
from tests.unit.sound_records import FINISHED, SUBMITTED, compact, required_fields

_DIGITS_401 = b"9" * 401
_SOUND = compact(required_fields(FINISHED))
_DEEP = b"[" * 16 + b"]" * 16
_OBJECTS = b'{"a":' * 16 + b"1" + b"}" * 16


def _plus(members: bytes) -> bytes:
    """Sound data with these members behind its own."""
    return _SOUND[:-1] + b"," + members + b"}"


def _nested_key(members: bytes) -> bytes:
    data = compact(required_fields(SUBMITTED))[:-1]
    return data + b',"public_key":{"kty":"EC","crv":"P-256","x":"AA","y":"AA",' + members + b"}}"


BROKEN_TEXTS: dict[str, tuple[bytes, Code]] = {
    "empty": (b"", Code.NOT_JSON),
    "blank": (b"  ", Code.NOT_JSON),
    "prose": (b"hello", Code.NOT_JSON),
    "cut off": (_SOUND[:-5], Code.NOT_JSON),
    "two values": (_SOUND + b" {}", Code.NOT_JSON),
    "trailing comma": (_plus(b""), Code.NOT_JSON),
    "trailing NUL": (_SOUND + b"\x00", Code.NOT_JSON),
    "single quotes": (b"{'user_id':'user-1'}", Code.NOT_JSON),
    "comment": (_plus(b'/* */"unknown":1'), Code.NOT_JSON),
    "leading zero": (_plus(b'"unknown":01'), Code.NOT_JSON),
    "plus sign": (_plus(b'"unknown":+1'), Code.NOT_JSON),
    "bad escape": (_plus(rb'"unknown":"\x41"'), Code.NOT_JSON),
    "raw line break in a text": (_plus(b'"unknown":"a\nb"'), Code.NOT_JSON),
    "raw line break in a field": (b'{"user_id":"a\nb","channel":"settings"}', Code.NOT_JSON),
    "byte order mark": (b"\xef\xbb\xbf" + _SOUND, Code.NOT_JSON),
    "half a surrogate pair": (_plus(rb'"unknown":"\ud83d"'), Code.NOT_JSON),
    "half a surrogate pair, nested": (_plus(rb'"unknown":[{"a":"\udc00"}]'), Code.NOT_JSON),
    "half a surrogate pair in a name": (_plus(rb'"\ud83d":1'), Code.NOT_JSON),
    "half a surrogate pair in a field": (
        _plus(rb'"platform_code":"\uD83D"'),
        Code.NOT_JSON,
    ),
    "not UTF-8": (_plus(b'"unknown":"\xff"'), Code.NOT_UTF8),
    "not UTF-8 in a field": (_plus(b'"platform_code":"\xc3\x28"'), Code.NOT_UTF8),
    "over-long UTF-8": (_plus(b'"platform_code":"\xc0\xaf"'), Code.NOT_UTF8),
    "surrogate in UTF-8": (_plus(b'"platform_code":"\xed\xa0\x80"'), Code.NOT_UTF8),
    "UTF-16": (_SOUND.decode().encode("utf-16"), Code.NOT_UTF8),
    "list": (b"[]", Code.NOT_OBJECT),
    "list of events": (b"[" + _SOUND + b"]", Code.NOT_OBJECT),
    "text": (b'"user-1"', Code.NOT_OBJECT),
    "number": (b"1", Code.NOT_OBJECT),
    "duplicate field": (_plus(b'"seq":2'), Code.DUPLICATE_KEY),
    "duplicate field, same value": (_plus(b'"seq":1'), Code.DUPLICATE_KEY),
    "duplicate field, one null": (_plus(b'"seq":null'), Code.DUPLICATE_KEY),
    "duplicate field, escaped": (_plus(rb'"se\u0071":2'), Code.DUPLICATE_KEY),
    "duplicate field, space before its colon": (_plus(b'"seq" :2'), Code.DUPLICATE_KEY),
    "duplicate field, line break before its colon": (_plus(b'"seq"\n:2'), Code.DUPLICATE_KEY),
    "duplicate unknown field": (_plus(b'"a":1,"a":1'), Code.DUPLICATE_KEY),
    "duplicate unknown field, escaped": (_plus(rb'"a":1,"\u0061":1'), Code.DUPLICATE_KEY),
    "duplicate empty name": (_plus(b'"":1,"":1'), Code.DUPLICATE_KEY),
    "duplicate in an unknown field": (_plus(b'"unknown":[{"a":1,"a":1}]'), Code.DUPLICATE_KEY),
    "duplicate in the public key": (_nested_key(b'"x":"BB"'), Code.DUPLICATE_KEY),
    "duplicate in the public key, escaped": (_nested_key(rb'"\u0078":"BB"'), Code.DUPLICATE_KEY),
    "duplicate unknown in the public key": (_nested_key(b'"a":1,"a":1'), Code.DUPLICATE_KEY),
    "NaN": (_plus(b'"unknown":NaN'), Code.NOT_FINITE),
    "infinity": (_plus(b'"unknown":[Infinity]'), Code.NOT_FINITE),
    "negative infinity": (_plus(b'"unknown":{"a":-Infinity}'), Code.NOT_FINITE),
    "NaN in a field": (_SOUND.replace(b'"seq":1', b'"seq":NaN'), Code.NOT_FINITE),
    "lists 17 deep": (_plus(b'"unknown":' + _DEEP), Code.NESTED_TOO_DEEP),
    "objects 17 deep": (_plus(b'"unknown":' + _OBJECTS), Code.NESTED_TOO_DEEP),
    "far too deep": (_plus(b'"unknown":' + b"[" * 8_000 + b"]" * 8_000), Code.NESTED_TOO_DEEP),
    "far too deep, never closed": (b"[" * 16_000, Code.NESTED_TOO_DEEP),
    "deep behind an escaped quote": (
        _plus(rb'"unknown":["\"",' + _DEEP + b"]"),
        Code.NESTED_TOO_DEEP,
    ),
    "integer of 401 digits": (_plus(b'"unknown":' + _DIGITS_401), Code.NUMBER_OUT_OF_RANGE),
    "field of 5000 digits": (
        _SOUND.replace(b'"seq":1', b'"seq":' + b"9" * 5_000),
        Code.NUMBER_OUT_OF_RANGE,
    ),
    "field beyond a float": (_SOUND.replace(b'"seq":1', b'"seq":1e999'), Code.FIELD_TYPE),
    "field in exponent form": (_SOUND.replace(b'"seq":1', b'"seq":1e0'), Code.FIELD_TYPE),
}
"""Texts in place of an event's data."""
