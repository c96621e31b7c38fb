"""How verdicts, decisions and the public state look on the wire (design, section 5)."""

from typing import Any

from tests.auditor.judgement import (
    OPEN_SETTINGS,
    USE_PASSWORD,
    Decision,
    Judgement,
    Verdict,
    guidance_when_disabled,
    prompt_label,
)
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord, Topics, WireForm
from tests.auditor.state import ABSENT, DISABLED, ENABLED, FALLBACK, Device, User
from tests.auditor.times import write_time

# Which fields of the event a verdict repeats "as given".
_REPEATED = (
    "outcome",
    "channel",
    "scans",
    "platform_code",
    "platform",
    "method",
    "os_version",
    "app_version",
    "device_model",
)


def known_before(judgement: Judgement) -> dict[str, str]:
    """Platform and method of the event's own user, as the row had them before the event."""
    user = judgement.own_user
    if user is None or user.platform is None or user.method is None:
        return {}
    return {"platform": user.platform, "method": user.method}


def verdict_form(
    verdict: Verdict,
    judgement: Judgement,
    known: dict[str, str],
    record: RawRecord,
    topics: Topics,
) -> WireForm:
    """The verdict as a record: index 0 of its input."""
    event = judgement.event
    given = {name: event.data[name] for name in _REPEATED if name in event.data}
    value = {
        **_about(judgement, own=True),
        **known,
        **given,
        "guidance": _verdict_guidance(verdict, event.type),
        **verdict.details,
    }
    if verdict.reason == "erased":
        value.pop("user_id", None)
        value.pop("login_id", None)
        for name in known.keys() - given.keys():
            del value[name]
    kind = verdict.kind.replace("_", "-")
    headers = _headers(f"biolatch.verdict.{kind}.v1", 0, judgement, record)
    return WireForm(topics.verdicts, record.partition, event.device_id, headers, value)


def decision_form(
    decision: Decision, index: int, judgement: Judgement, record: RawRecord, topics: Topics
) -> WireForm:
    """A decision as a record: index 1, 2, ... of its input."""
    event = judgement.event
    own = decision.user_id == event.user_id
    value = {**_about(judgement, own=own), "user_id": decision.user_id, **decision.details}
    headers = _headers(f"biolatch.decision.{decision.kind}.v1", index, judgement, record)
    return WireForm(topics.decisions, record.partition, event.device_id, headers, value)


def _about(judgement: Judgement, *, own: bool) -> dict[str, Any]:
    """The data of both; `own`: about the input's own user."""
    event = judgement.event
    value: dict[str, Any] = {
        "device_id": event.device_id,
        "policy_version": judgement.policy.version,
        "occurred_at": write_time(event.time_ms),
        "cause": {"type": event.type, "source": event.source},
    }
    if event.user_id is not None:
        value["user_id"] = event.user_id
    if own and event.type.startswith("biolatch.attempt."):
        value["login_id"] = event.data["login_id"]
        value["place"] = event.data["place"]
    return value


def _headers(
    event_type: str, index: int, judgement: Judgement, record: RawRecord
) -> dict[str, str]:
    return {
        "ce_specversion": "1.0",
        "ce_id": f"{record.topic}/{record.partition}/{record.offset}/{index}",
        "ce_source": "/biolatch",
        "ce_type": event_type,
        "ce_subject": judgement.event.device_id,
        "ce_time": write_time(judgement.now),
        "ce_causationid": judgement.event.event_id,
        "content-type": "application/json",
    }


def _verdict_guidance(verdict: Verdict, event_type: str) -> str:
    if verdict.reason == "os_biometrics_not_ready":
        return OPEN_SETTINGS
    if verdict.reason == "password_too_old":
        return USE_PASSWORD
    if event_type.startswith("biolatch.attempt.") and verdict.reason not in (None, "duplicate"):
        return USE_PASSWORD
    return "none"


def public_state(device_id: str, device: Device, policy: Policy) -> dict[str, Any] | None:
    """What services may ask for; none for a device without users."""
    if not device.users:
        return None
    return {
        "device_id": device_id,
        "bio_epoch": device.bio_epoch,
        "users": {
            user_id: _public_user(user, policy) for user_id, user in sorted(device.users.items())
        },
    }


def _public_user(user: User, policy: Policy) -> dict[str, Any]:
    guidance = {
        ENABLED: "none",
        ABSENT: "none",
        FALLBACK: USE_PASSWORD,
        DISABLED: guidance_when_disabled(user),
    }
    prompt_not_before = None if user.declined_at is None else user.declined_at + policy.prompt_pause
    return {
        "status": user.status,
        "reason": user.reason,
        "since": _time_or_null(user.since),
        "guidance": guidance[user.status],
        "offer": _offer(user),
        "prompt_not_before": _time_or_null(prompt_not_before),
        "prompt_label": prompt_label(user),
        "fallback_login_id": user.fallback_login_id,
        "wait_until": _time_or_null(user.wait_until),
    }


def _offer(user: User) -> str:
    """What the app may offer; the first match holds."""
    if user.live or user.revoked_for_good:
        return "none"
    if user.declined_at is not None:
        return "settings_only"
    if user.reason == "os_biometrics_removed":
        return "device_settings_first"
    if user.reason == "user_request" or user.status == ABSENT:
        return "settings_only"
    return "prompt"


def _time_or_null(instant: int | None) -> str | None:
    return None if instant is None else write_time(instant)
