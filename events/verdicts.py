"""What biolatch answers to each input event: exactly one verdict.

Each class is the data of one verdict event (design section 5); what does not apply is absent on
the wire. Reasons appear in full: these events are internal, texts for end users stay neutral.
"""

from typing import Annotated, ClassVar, Final, TypeAlias

import msgspec

from events.scalars import BioEpoch, Count, Id, PolicyVersion
from events.timestamps import Rfc3339
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    Guidance,
    Method,
    Place,
    Platform,
    RefusedReason,
)


class Cause(msgspec.Struct, frozen=True, gc=False):
    """The input event that an output answers.

    Attributes:
        type: its CloudEvents type.
        source: its publisher.
    """

    type: str
    source: Id


class VerdictData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What all verdicts say.

    Attributes:
        device_id: the device of the input event.
        user_id: its user; absent where it has none, or where it was refused `erased`.
        policy_version: the policy that decided.
        occurred_at: the input's own time (RFC 3339, UTC, milliseconds).
        cause: type and source of the input event.
        login_id, place: of an attempt.
        guidance: what the user should do next.
        outcome, channel, scans, platform_code, os_version, app_version, device_model: as given.
        platform, method: as given, else as known of the user.
    """

    event_type: ClassVar[str]

    device_id: Id
    user_id: Id | None = None
    policy_version: PolicyVersion
    occurred_at: Rfc3339
    cause: Cause
    guidance: Guidance
    login_id: Id | None = None
    place: Place | None = None
    outcome: AttemptOutcome | None = None
    channel: Channel | None = None
    scans: Count | None = None
    platform_code: str | None = None
    platform: Platform | None = None
    method: Method | None = None
    os_version: str | None = None
    app_version: str | None = None
    device_model: str | None = None


class Accepted(VerdictData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The biometric check stands in for the password."""

    event_type: ClassVar[str] = "biolatch.verdict.accepted.v1"


class Failed(VerdictData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rejected check that counts.

    Attributes:
        attempts_left: rejections until the password is required, not below 0.
    """

    event_type: ClassVar[str] = "biolatch.verdict.failed.v1"

    attempts_left: Annotated[int, msgspec.Meta(ge=0)]


class NotCounted(VerdictData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A prompt that ended without a biometric answer; no failure."""

    event_type: ClassVar[str] = "biolatch.verdict.not-counted.v1"


class Applied(VerdictData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The event changed the state as it says."""

    event_type: ClassVar[str] = "biolatch.verdict.applied.v1"


class Noted(VerdictData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The event is known, and there was nothing to change but a note."""

    event_type: ClassVar[str] = "biolatch.verdict.noted.v1"


class Refused(VerdictData, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rule refused the event.

    Attributes:
        reason: the first rule that refused.
        bio_epoch: the device's epoch, for the app to go on from (reason `stale_epoch` only).
    """

    event_type: ClassVar[str] = "biolatch.verdict.refused.v1"

    reason: RefusedReason
    bio_epoch: BioEpoch | None = None


Verdict: TypeAlias = Accepted | Failed | NotCounted | Applied | Noted | Refused

VERDICT_TYPES: Final[tuple[type[Verdict], ...]] = (
    Accepted,
    Failed,
    NotCounted,
    Applied,
    Noted,
    Refused,
)
