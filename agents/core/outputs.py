"""How verdicts and decisions are filled in: everything in them that no rule decides.

Owns which facts about event, user and device stand in an output (design section 5) and the
guidance that belongs to each.
"""

from functools import lru_cache
from typing import TypedDict, assert_never

from agents.core.draft import Draft
from agents.core.state import User
from events.facts import (
    AnyFactData,
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from events.timestamps import format_rfc3339
from events.verdicts import Applied, Cause, Noted, Refused
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    DisabledReason,
    Guidance,
    KeyBinding,
    Method,
    Place,
    Platform,
    PromptLabel,
    RefusedReason,
    prompt_label,
)


class VerdictFields(TypedDict, total=False):
    """What every verdict carries, as keyword arguments of its class."""

    device_id: str
    user_id: str | None
    policy_version: str
    occurred_at: str
    cause: Cause
    guidance: Guidance
    login_id: str | None
    place: Place | None
    outcome: AttemptOutcome | None
    channel: Channel | None
    scans: int | None
    platform_code: str | None
    platform: Platform | None
    method: Method | None
    os_version: str | None
    app_version: str | None
    device_model: str | None


class DecisionFields(TypedDict, total=False):
    """What every decision carries, as keyword arguments of its class."""

    device_id: str
    user_id: str
    policy_version: str
    occurred_at: str
    cause: Cause
    guidance: Guidance
    bio_epoch: int
    login_id: str | None
    place: Place | None
    method: Method | None
    platform: Platform | None
    prompt_label: PromptLabel | None
    key_id: str | None
    key_binding: KeyBinding | None


@lru_cache(maxsize=1024)
def _cause(event_type: str, source: str) -> Cause:
    return Cause(type=event_type, source=source)


def verdict_fields(draft: Draft, guidance: Guidance = Guidance.NONE) -> VerdictFields:
    """What the verdict carries; method and platform as given, else as known of the user."""
    fact = draft.fact
    data = fact.data
    known = draft.known
    fields: VerdictFields = {
        "device_id": fact.device_id,
        "user_id": draft.user_id,
        "policy_version": draft.policy.version,
        "occurred_at": format_rfc3339(fact.occurred_at_ms),
        "cause": _cause(data.event_type, fact.source),
        "guidance": guidance,
        "method": None if known is None else known.method,
        "platform": None if known is None else known.platform,
    }
    _add_given(fields, data)
    return fields


def _add_given(fields: VerdictFields, data: AnyFactData) -> None:
    match data:
        case AttemptFinished():
            fields["login_id"] = data.login_id
            fields["place"] = data.place
            fields["outcome"] = data.outcome
            fields["scans"] = data.scans
            fields["platform_code"] = data.platform_code
        case PasswordAccepted():
            fields["login_id"] = data.login_id
            fields["place"] = data.place
        case EnrollmentSubmitted():
            fields["channel"] = data.channel
            fields["method"] = data.method
            fields["platform"] = data.platform
            fields["os_version"] = data.os_version
            fields["app_version"] = data.app_version
            fields["device_model"] = data.device_model
        case EnrollmentDeclined() | EnrollmentWithdrawn():
            fields["channel"] = data.channel
        case EnrollmentRevoked() | BiometricsChanged() | DeviceErased():
            pass
        case _:
            assert_never(data)


def applied(draft: Draft) -> Applied:
    """The event changed the state as it says."""
    return Applied(**verdict_fields(draft))


def noted(draft: Draft) -> Noted:
    """There was nothing to change but a note."""
    return Noted(**verdict_fields(draft))


def refused(draft: Draft, reason: RefusedReason) -> Refused:
    """A rule refused the event; `stale_epoch` tells the app the epoch to go on from."""
    fields = verdict_fields(draft, _refusal_guidance(draft.fact.data, reason))
    if reason is RefusedReason.STALE_EPOCH:
        return Refused(**fields, reason=reason, bio_epoch=draft.state.bio_epoch)
    return Refused(**fields, reason=reason)


def refused_erased(draft: Draft) -> Refused:
    """Refused by a mark of erasure: says nothing of the user, not even what is known of another.

    What the event itself says of app and phone stays; user, login and key do not.
    """
    guidance = _refusal_guidance(draft.fact.data, RefusedReason.ERASED)
    fields = verdict_fields(draft, guidance)
    fields["user_id"] = fields["method"] = fields["platform"] = None
    _add_given(fields, draft.fact.data)
    fields["login_id"] = None
    return Refused(**fields, reason=RefusedReason.ERASED)


def _refusal_guidance(data: AnyFactData, reason: RefusedReason) -> Guidance:
    if reason is RefusedReason.OS_BIOMETRICS_NOT_READY:
        return Guidance.OPEN_DEVICE_SETTINGS
    if reason is RefusedReason.PASSWORD_TOO_OLD:
        return Guidance.USE_PASSWORD
    is_attempt = isinstance(data, AttemptFinished | PasswordAccepted)
    if is_attempt and reason is not RefusedReason.DUPLICATE:
        return Guidance.USE_PASSWORD
    return Guidance.NONE


def decision_fields(draft: Draft, user: User, guidance: Guidance = Guidance.NONE) -> DecisionFields:
    """What a decision about this user carries; login and place if it is the attempt's own user."""
    fact = draft.fact
    data = fact.data
    fields: DecisionFields = {
        "device_id": fact.device_id,
        "user_id": user.user_id,
        "policy_version": draft.policy.version,
        "occurred_at": format_rfc3339(fact.occurred_at_ms),
        "cause": _cause(data.event_type, fact.source),
        "guidance": guidance,
        "bio_epoch": draft.state.bio_epoch,
        "method": user.method,
        "platform": user.platform,
        "prompt_label": label_of(user),
        "key_id": user.key_id,
        "key_binding": user.key_binding,
    }
    if isinstance(data, AttemptFinished | PasswordAccepted) and user.user_id == draft.user_id:
        fields["login_id"] = data.login_id
        fields["place"] = data.place
    return fields


def label_of(user: User) -> PromptLabel | None:
    """The word of the user's prompt; none for a user who never enrolled."""
    if user.method is None or user.platform is None:
        return None
    return prompt_label(user.method, user.platform)


def disabled_guidance(reason: DisabledReason, *, for_good: bool) -> Guidance:
    """What a user should do whose biometrics are off for this reason."""
    match reason:
        case DisabledReason.BIOMETRICS_CHANGED | DisabledReason.FAILURE_LIMIT:
            return Guidance.RE_ENABLE
        case DisabledReason.ADMIN:
            return Guidance.NONE if for_good else Guidance.RE_ENABLE
        case DisabledReason.OS_BIOMETRICS_REMOVED:
            return Guidance.OPEN_DEVICE_SETTINGS
        case DisabledReason.USER_REQUEST | DisabledReason.ERASED:
            return Guidance.NONE
        case _:
            assert_never(reason)
