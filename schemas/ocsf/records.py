"""From records to the feed, and from the feed to records.

Owns how verdicts, decisions and dead letters are read for the feed, and the form of the topic
`biolatch.security-events`: one OCSF event a record as one JSON object, keyed by the masked device,
in a CloudEvents envelope like every record of biolatch. Must never let an id through unmasked.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

import msgspec

from events.decisions import DECISION_TYPES, Decision
from events.timestamps import format_rfc3339, parse_rfc3339
from events.verdicts import VERDICT_TYPES, Verdict, VerdictData
from schemas.inputs import NOW_MS_MAX
from schemas.malformed import MalformedCode, malformed
from schemas.ocsf.classes import CLASSES, OCSF_VERSION
from schemas.ocsf.decision_events import decision_events
from schemas.ocsf.event import PROFILES, OcsfEvent, Origin, Subject, device_of, user_of
from schemas.ocsf.findings import UNREADABLE, UNTRUSTED, finding_event
from schemas.ocsf.masking import IdKind, Mask, told
from schemas.ocsf.verdict_events import verdict_events
from schemas.outputs import SOURCE, OutputRecord
from schemas.plain_inputs import Headers

EVENT_TYPE: Final = "biolatch.security-event.v1"

_Output: TypeAlias = Verdict | Decision
_decoders: Final[dict[str, msgspec.json.Decoder[_Output]]] = {
    each.event_type: msgspec.json.Decoder(each) for each in (*VERDICT_TYPES, *DECISION_TYPES)
}
_encode: Final = msgspec.json.Encoder().encode

_UNKNOWN: Final = "unknown"
_PLACE: Final = ("topic", "partition", "offset")
_SIGNATURE_CODES: Final = "signature."
_DIGITS_MAX: Final = 20
_ID_LENGTH_MAX: Final = 128
_DATASCHEMAS: Final = {
    kind.uid: f"https://schema.ocsf.io/schema/{OCSF_VERSION}/classes/{kind.name}"
    f"?profiles={','.join(PROFILES)}".encode()
    for kind in CLASSES
}


def events_of_output(
    topic: str, value: bytes | None, headers: Headers, mask: Mask
) -> Sequence[OcsfEvent]:
    """What the feed says of a verdict or a decision.

    Raises:
        MalformedInput: it is neither, or of a version that is not known here.
    """
    given = {name: text for name, text in headers if text is not None}
    event_type = _text(given, "ce_type")
    output = _read(event_type, value)
    source = output.cause.source
    ids = (output.device_id, output.user_id, output.login_id)
    origin = Origin(
        uid=_text(given, "ce_id"),
        event_code=event_type,
        log_name=topic,
        time_ms=_instant_ms(_text(given, "ce_time")),
        original_time=output.occurred_at,
        correlation_uid=mask(IdKind.EVENT, f"{source}\0{_text(given, 'ce_causationid')}").uid,
        policy_version=output.policy_version,
    )
    publisher = told(source, ids) or mask(IdKind.SOURCE, source).uid
    user = None if output.user_id is None else user_of(mask(IdKind.USER, output.user_id))
    masked = mask(IdKind.DEVICE, output.device_id)
    if isinstance(output, VerdictData):
        model, version = told(output.device_model, ids), told(output.os_version, ids)
        device = device_of(masked, output.platform, version, model)
        return verdict_events(output, origin, Subject(device, user, publisher), mask)
    device = device_of(masked, output.platform)
    return decision_events(output, origin, Subject(device, user, publisher))


def _read(event_type: str, value: bytes | None) -> _Output:
    decoder = _decoders.get(event_type)
    if decoder is None:
        raise malformed(
            MalformedCode.TYPE_UNKNOWN,
            "neither a verdict nor a decision that this version knows; run a newer one",
        )
    try:
        return decoder.decode(value or b"")
    except msgspec.ValidationError:
        raise malformed(
            MalformedCode.FIELD_VALUE, "a field of it is not what its type says"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(MalformedCode.NOT_JSON, "it is no JSON") from None


def _text(given: Mapping[str, bytes], name: str) -> str:
    try:
        return given[name].decode("ascii")
    except (KeyError, UnicodeDecodeError):
        raise malformed(
            MalformedCode.ATTRIBUTE_MISSING, f"header {name} is missing, or not ASCII"
        ) from None


def _instant_ms(text: str) -> int:
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise malformed(MalformedCode.TIME_INVALID, "ce_time is no RFC 3339 time") from None


def events_of_dead_letter(
    topic: str,
    key: bytes | None,
    headers: Headers,
    timestamp_ms: int,
    mask: Mask,
) -> Sequence[OcsfEvent]:
    """What the feed says of a dead letter: of its value nothing, for nobody knows what is in it.

    Every dead letter has its event, however it looks; so nothing is a dead letter twice.
    """
    # What a publisher wrote stands before what biolatch added: the last one counts.
    given = {name: (text or b"").decode(errors="replace") for name, text in headers}
    code = given.get("biolatch-error-code", _UNKNOWN)
    place = (given.get(f"biolatch-original-{part}", _UNKNOWN) for part in _PLACE)
    original = given.get("biolatch-original-timestamp", "")
    is_time = original.isdecimal() and int(original[:_DIGITS_MAX]) < NOW_MS_MAX
    device_id = (key or b"")[:_ID_LENGTH_MAX].decode(errors="replace")
    device = device_of(mask(IdKind.DEVICE, device_id), None) if device_id else None
    origin = Origin(
        uid=f"{'/'.join(place)}/0",
        event_code=code,
        log_name=topic,
        time_ms=int(original) if is_time else timestamp_ms,
    )
    finding = UNTRUSTED if code.startswith(_SIGNATURE_CODES) else UNREADABLE
    return (finding_event(finding, origin, Subject(device, None, None), code, is_primary=True),)


def feed_record(event: OcsfEvent, sequence: int) -> OutputRecord:
    """The record of an event.

    Args:
        event: the event; it gets its `metadata.sequence` here.
        sequence: its number among all that come from one partition of one topic; the first is 1,
            and none is left out, so a reader sees what is missing.
    """
    metadata = cast("OcsfEvent", event["metadata"])
    metadata["sequence"] = sequence
    headers: list[tuple[str, bytes | None]] = [
        ("ce_id", str(metadata["uid"]).encode()),
        ("ce_type", EVENT_TYPE.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_source", SOURCE.encode()),
        ("ce_time", format_rfc3339(cast("int", event["time"])).encode()),
        ("ce_dataschema", _DATASCHEMAS[cast("int", event["class_uid"])]),
        ("content-type", b"application/json"),
    ]
    device = cast("OcsfEvent | None", event.get("device"))
    if device is None:
        return None, _encode(event), headers
    key = str(device["uid"]).encode()
    return key, _encode(event), [*headers, ("ce_subject", key)]
