"""What biolatch decided: the events that notifiers, session services and backends act on.

Each class is the data of one decision event (design section 5); what does not apply is absent on
the wire. Any text meant for an end user is made elsewhere and stays neutral.
"""

from typing import ClassVar, Final, TypeAlias

import msgspec

from events.scalars import BioEpochOrNone, Id, PolicyVersion
from events.timestamps import Rfc3339
from events.verdicts import Cause
from events.vocabulary import (
    Channel,
    DisabledReason,
    FallbackReason,
    Guidance,
    KeyBinding,
    Method,
    Place,
    Platform,
    PromptLabel,
    RearmedReason,
)


class DecisionData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What all decisions say.

    Attributes:
        device_id, user_id: whom the decision is about.
        policy_version: the policy that decided.
        occurred_at: the input's own time (RFC 3339, UTC, milliseconds).
        cause: type and source of the input event.
        guidance: what the user should do next.
        login_id, place: of the attempt, where the decision is about the attempt's own user.
        method, platform, prompt_label, key_id, key_binding: of the user's latest enrollment;
            absent for a user who never enrolled.
        bio_epoch: the device's epoch after the decision; 0 where none was ever reported.
    """

    event_type: ClassVar[str]

    device_id: Id
    user_id: Id
    policy_version: PolicyVersion
    occurred_at: Rfc3339
    cause: Cause
    guidance: Guidance
    bio_epoch: BioEpochOrNone
    login_id: Id | None = None
    place: Place | None = None
    method: Method | None = None
    platform: Platform | None = None
    prompt_label: PromptLabel | None = None
    key_id: Id | None = None
    key_binding: KeyBinding | None = None


class Enabled(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Biometrics may be used by this user on this device.

    Attributes:
        channel: where in the app they were switched on.
    """

    event_type: ClassVar[str] = "biolatch.decision.enabled.v1"

    channel: Channel


class ReEnabled(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Biometrics may be used again.

    Attributes:
        previous_reason: why they were off.
        channel: where in the app they were switched on.
    """

    event_type: ClassVar[str] = "biolatch.decision.re-enabled.v1"

    previous_reason: DisabledReason
    channel: Channel


class Disabled(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Biometrics may not be used until they are enabled again.

    Attributes:
        reason: why.
        reason_admin, allow_re_enable: of the revocation (reason `admin` only).
    """

    event_type: ClassVar[str] = "biolatch.decision.disabled.v1"

    reason: DisabledReason
    reason_admin: str | None = None
    allow_re_enable: bool | None = None


class FallbackRequired(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """This login needs the password; the next one may use biometrics again.

    Attributes:
        reason: why.
        wait_until: no biometrics before this instant (reason `too_many_failures` only).
    """

    event_type: ClassVar[str] = "biolatch.decision.fallback-required.v1"

    reason: FallbackReason
    wait_until: Rfc3339 | None = None


class Rearmed(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fallback ended; biometrics may be used again.

    Attributes:
        reason: what ended it.
    """

    event_type: ClassVar[str] = "biolatch.decision.rearmed.v1"

    reason: RearmedReason


class ReEnableRequired(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The user tried to log in with biometrics that are off: guide them through re-enabling.

    Attributes:
        reason: why they are off.
    """

    event_type: ClassVar[str] = "biolatch.decision.re-enable-required.v1"

    reason: DisabledReason


class RefreshAdvised(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The check fails often: advise the user to update the biometrics on the device."""

    event_type: ClassVar[str] = "biolatch.decision.refresh-advised.v1"


class Rebaselined(DecisionData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An upgrade of the operating system moved the epoch; nothing else changed."""

    event_type: ClassVar[str] = "biolatch.decision.rebaselined.v1"


Decision: TypeAlias = (
    Enabled
    | ReEnabled
    | Disabled
    | FallbackRequired
    | Rearmed
    | ReEnableRequired
    | RefreshAdvised
    | Rebaselined
)

DECISION_TYPES: Final[tuple[type[Decision], ...]] = (
    Enabled,
    ReEnabled,
    Disabled,
    FallbackRequired,
    Rearmed,
    ReEnableRequired,
    RefreshAdvised,
    Rebaselined,
)
