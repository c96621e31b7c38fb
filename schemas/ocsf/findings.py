"""What is a finding by itself: results that mean an attack, or something that looks like one.

Owns the list and the ATT&CK techniques beside it (https://attack.mitre.org, version 18). What needs
several events to be seen, such as a change of faces and a login soon after, is the business of
rules over the feed (deploy/sigma).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from events.vocabulary import DisabledReason, RefusedReason
from schemas.ocsf.classes import CREATED, DETECTION_FINDING, Severity, Status
from schemas.ocsf.event import OcsfEvent, Origin, Result, Subject, event, without_none

_ATTACK_VERSION: Final = "18.0"
_HIGH_CONFIDENCE: Final = {"confidence_id": 3, "confidence": "High"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A kind of finding.

    Attributes:
        title: what it is, for people.
        severity: how much it matters.
        technique: the id and name of the ATT&CK technique that it points to; None: to none.
        is_alert: whether somebody should look at it by itself.
    """

    title: str
    severity: Severity
    technique: tuple[str, str] | None
    is_alert: bool = True


REFUSED: Final[Mapping[RefusedReason, Finding]] = {
    RefusedReason.SIGNATURE_INVALID: Finding(
        title="Event without a valid signature of the device",
        severity=Severity.HIGH,
        technique=("T1606", "Forge Web Credentials"),
    ),
    RefusedReason.REPLAYED: Finding(
        title="Biometric attempt played again",
        severity=Severity.MEDIUM,
        technique=("T1550", "Use Alternate Authentication Material"),
    ),
    RefusedReason.KEY_REUSED: Finding(
        title="Enrollment with a key that was used before",
        severity=Severity.MEDIUM,
        technique=("T1098", "Account Manipulation"),
    ),
}
"""Of verdicts."""

DISABLED: Final[Mapping[DisabledReason, Finding]] = {
    DisabledReason.FAILURE_LIMIT: Finding(
        title="As many rejected biometric checks in a row as the policy bears",
        severity=Severity.HIGH,
        technique=("T1110", "Brute Force"),
    ),
}
"""Of decisions."""

UNTRUSTED: Final = Finding(
    title="Event that no trusted publisher has signed",
    severity=Severity.HIGH,
    technique=("T1565", "Data Manipulation"),
)
"""Of dead letters whose error code begins with `signature.`."""

UNREADABLE: Final = Finding(
    title="Event that could not be read",
    severity=Severity.LOW,
    technique=None,
    is_alert=False,
)
"""Of all other dead letters."""


def finding_event(
    finding: Finding, origin: Origin, subject: Subject, detail: str, *, is_primary: bool = False
) -> OcsfEvent:
    """The event that tells of a finding."""
    told = event(
        DETECTION_FINDING,
        CREATED,
        origin,
        subject,
        Result(status=Status.NEW, detail=detail, severity=finding.severity),
        message=f"{finding.title} ({detail})",
        is_primary=is_primary,
    )
    info: OcsfEvent = {
        "uid": origin.uid,
        "title": finding.title,
        "created_time": origin.time_ms,
        "analytic": {"type_id": 1, "type": "Rule", "uid": detail, "name": finding.title},
    }
    if finding.technique is not None:
        uid, name = finding.technique
        info["attacks"] = [{"version": _ATTACK_VERSION, "technique": {"uid": uid, "name": name}}]
    evidence = without_none({"device": subject.device, "user": subject.user})
    told |= {"is_alert": finding.is_alert, "finding_info": info, **_HIGH_CONFIDENCE}
    told |= without_none({"actor": subject.actor, "evidences": [evidence] if evidence else None})
    return told
