"""What every event of the feed has, whatever its class: the envelope, device, user and origin.

Owns the parts that all events share, and how they are put together. An event is a tree of plain
values, ready for JSON, with the names and the nesting of OCSF.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from events.vocabulary import Platform
from schemas.ocsf.classes import (
    OCSF_VERSION,
    OTHER,
    Action,
    OcsfClass,
    Severity,
    Status,
)
from schemas.ocsf.masking import Masked

OcsfEvent: TypeAlias = dict[str, object]
"""An event: JSON."""

PROFILES: Final = ("host", "security_control")
"""The parts that OCSF adds to its classes and the feed uses: the device, the policy, the action."""

_PRODUCT: Final = {"name": "biolatch", "vendor_name": "biolatch"}
_POLICY_NAME: Final = "biolatch rules"
_OPERATING_SYSTEMS: Final = {
    Platform.IOS: {"name": "iOS", "type_id": 301, "type": "iOS"},
    Platform.ANDROID: {"name": "Android", "type_id": 201, "type": "Android"},
    Platform.OTHER: {"name": "other", "type_id": OTHER, "type": "other"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an event of the feed comes from.

    Attributes:
        uid: id of the record that it tells of, `<input topic>/<partition>/<offset>/<index>`.
        event_code: that record's type, or a dead letter's error code.
        log_name: the topic that it was read from.
        time_ms: when it happened, by the broker's clock: milliseconds since 1970.
        original_time: when it happened, as the publisher says; None where nobody could read that.
        correlation_uid: what the verdict and the decisions of one input event have in common.
        policy_version: of the rules that decided; None where none did.
    """

    uid: str
    event_code: str
    log_name: str
    time_ms: int
    original_time: str | None = None
    correlation_uid: str | None = None
    policy_version: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what an event is about.

    Attributes:
        device: the device; None where a record does not say which.
        user: its user; None where a record has none.
        publisher: the backend that reported it; None where nobody knows.
    """

    device: OcsfEvent | None
    user: OcsfEvent | None
    publisher: str | None

    @property
    def actor(self) -> OcsfEvent:
        """Who reported, and for whom."""
        return without_none({"app_name": self.publisher, "user": self.user})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended.

    Attributes:
        status: whether it went well.
        detail: why so, in a word of biolatch.
        severity: how much it matters by itself.
        action: what biolatch did about it, where it is about a login.
    """

    status: Status
    detail: str | None = None
    severity: Severity = Severity.INFORMATIONAL
    action: Action | None = None


def event(
    kind: OcsfClass,
    activity: int,
    origin: Origin,
    subject: Subject,
    result: Result,
    *,
    activity_name: str | None = None,
    message: str,
    is_primary: bool = True,
) -> OcsfEvent:
    """The envelope of an event; its class's own attributes come on top.

    Args:
        kind: its class.
        activity: what happened, as a number of the class.
        origin: where it comes from.
        subject: whom it is about.
        result: how it ended.
        activity_name: our word for it, with activity 99.
        message: one line for people.
        is_primary: whether it is the first event of its record, whose id it has as it is.
    """
    name = kind.activities.get(activity) or activity_name or "Other"
    return without_none(
        {
            "class_uid": kind.uid,
            "class_name": kind.caption,
            "category_uid": kind.category_uid,
            "category_name": kind.category,
            "activity_id": activity,
            "activity_name": name,
            "type_uid": kind.uid * 100 + activity,
            "type_name": f"{kind.caption}: {name}",
            "time": origin.time_ms,
            "severity_id": result.severity.value,
            "severity": result.severity.name.capitalize(),
            "status_id": result.status.number,
            "status": result.status.word,
            "status_detail": result.detail,
            "message": message,
            "metadata": _metadata(kind, origin, is_primary=is_primary),
            "device": subject.device,
            "action_id": None if result.action is None else result.action.number,
            "action": None if result.action is None else result.action.word,
            "policy": None
            if origin.policy_version is None
            else {"name": _POLICY_NAME, "version": origin.policy_version},
        }
    )


def _metadata(kind: OcsfClass, origin: Origin, *, is_primary: bool) -> OcsfEvent:
    return without_none(
        {
            "version": OCSF_VERSION,
            "product": _PRODUCT,
            "profiles": PROFILES,
            "uid": origin.uid if is_primary else f"{origin.uid}#{kind.uid}",
            "original_event_uid": origin.uid,
            "correlation_uid": origin.correlation_uid,
            "event_code": origin.event_code,
            "log_name": origin.log_name,
            "original_time": origin.original_time,
        }
    )


def device_of(
    masked: Masked,
    platform: Platform | None,
    os_version: str | None = None,
    model: str | None = None,
) -> OcsfEvent:
    """A device, as far as it is known."""
    system: OcsfEvent | None = None
    if platform is not None or os_version is not None:
        system = {**_OPERATING_SYSTEMS[platform or Platform.OTHER]}
        if os_version is not None:
            system["version"] = os_version
    return without_none(
        {
            "type_id": 5,
            "type": "Mobile",
            "uid": masked.uid,
            "uid_alt": masked.uid_alt,
            "os": system,
            "model": model,
        }
    )


def user_of(masked: Masked) -> OcsfEvent:
    """A user."""
    return without_none(
        {"type_id": 1, "type": "User", "uid": masked.uid, "uid_alt": masked.uid_alt}
    )


def managed(subject: Subject) -> OcsfEvent:
    """The biometric login of a user on a device, as the entity that something is done to."""
    device = subject.device or {}
    return without_none(
        {
            "type_id": 1,
            "type": "Device",
            "name": "biometric login",
            "uid": device.get("uid"),
            "device": subject.device,
            "user": subject.user,
        }
    )


def without_none(attributes: Mapping[str, object]) -> OcsfEvent:
    """The attributes that have a value; an empty object is none."""
    return {name: value for name, value in attributes.items() if value is not None and value != {}}
