"""What phones reported: the eight kinds of input event, as models to publish.

Generated from `events.facts` by `make docs`; do not edit.
"""

from typing import ClassVar, Final, TypeAlias

from biolatch_client.event_model import BioEpoch, Count, EventData, Exact, Id
from biolatch_client.instants import Instant
from biolatch_client.words import (
    AttemptOutcome,
    BiometricChange,
    Channel,
    DetectedBy,
    KeyBinding,
    Method,
    OsBiometrics,
    Place,
    Platform,
)


class PublicKey(Exact):
    """A public key as a JWK (RFC 7517). Of any kind; only one of kind EC, P-256 verifies.

    Attributes:
        kty: kind of key; `EC` for the keys that phones make.
        crv: the curve; `P-256` for those.
        x, y: a coordinate of the point, base64url.
        kid, use, alg: what a JWK may say of itself.
    """

    kty: Id
    crv: Id | None = None
    x: Id | None = None
    y: Id | None = None
    kid: Id | None = None
    use: Id | None = None
    alg: Id | None = None


class EnrollmentSubmitted(EventData):
    """A user switched face or fingerprint recognition on, with a key made for this enabling.

    Attributes:
        user_id: the publisher's id of the user.
        channel: where in the app it was switched on.
        method: what the phone recognises.
        platform: the phone's operating system.
        key_id: names the device-bound key made for this enabling; every enabling makes a new one.
        bio_epoch: rises whenever the set of enrolled faces or fingers on the phone changes.
        os_biometrics: whether biometrics are set up in the phone's own settings.
        password_verified_at: when the user last proved the password; it must be recent.
        key_binding: whether the key dies with a change of the enrolled faces or fingers.
        login_id: the sign-in in which it happened.
        public_key: of that key; it verifies device signatures.
        device_signature: proves that the phone has the key (docs/device-signatures.md); looked at
            where the policy requires it.
        challenge: given out by the backend for this enrollment, and signed.
        os_version, app_version, device_model: as the app knows it; repeated in the verdict.
    """

    event_type: ClassVar[str] = "biolatch.enrollment.submitted.v1"

    user_id: Id
    channel: Channel
    method: Method
    platform: Platform
    key_id: Id
    bio_epoch: BioEpoch
    os_biometrics: OsBiometrics
    password_verified_at: Instant
    key_binding: KeyBinding = KeyBinding.UNKNOWN
    login_id: Id | None = None
    public_key: PublicKey | None = None
    device_signature: str | None = None
    challenge: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    device_model: str | None = None


class EnrollmentDeclined(EventData):
    """A user said no to the prompt.

    Attributes:
        user_id: the publisher's id of the user.
        channel: where in the app the user was asked.
    """

    event_type: ClassVar[str] = "biolatch.enrollment.declined.v1"

    user_id: Id
    channel: Channel


class EnrollmentWithdrawn(EventData):
    """A user switched it off: at any time, for any reason, no questions asked.

    Attributes:
        user_id: the publisher's id of the user.
        channel: where in the app it was switched off.
    """

    event_type: ClassVar[str] = "biolatch.enrollment.withdrawn.v1"

    user_id: Id
    channel: Channel


class EnrollmentRevoked(EventData):
    """An administrator switched it off.

    Attributes:
        user_id: the publisher's id of the user.
        reason_admin: why, in the administrator's words; repeated in the decision.
        allow_re_enable: whether the user may switch it on again.
    """

    event_type: ClassVar[str] = "biolatch.enrollment.revoked.v1"

    user_id: Id
    reason_admin: str
    allow_re_enable: bool


class AttemptFinished(EventData):
    """A biometric prompt ended, in one of the ways that rule 19 tells apart.

    Attributes:
        user_id: the publisher's id of the user.
        login_id: names one sign-in and everything done in it, protected pages included.
        place: where biometrics were to stand in for the password.
        outcome: how the prompt ended.
        key_id: the device-bound key that the prompt guards.
        bio_epoch: rises whenever the set of enrolled faces or fingers on the phone changes.
        seq: rises with every attempt made under one key.
        scans: how often the phone looked before the prompt ended; told on, never counted.
        platform_code: the platform's own code of the outcome; told on.
        device_signature: by that key, over this very attempt (docs/device-signatures.md); looked at
            where the policy requires it.
        challenge: given out by the backend for this attempt, and signed.
    """

    event_type: ClassVar[str] = "biolatch.attempt.finished.v1"

    user_id: Id
    login_id: Id
    place: Place
    outcome: AttemptOutcome
    key_id: Id
    bio_epoch: BioEpoch
    seq: Count
    scans: Count = 1
    platform_code: str | None = None
    device_signature: str | None = None
    challenge: str | None = None


class PasswordAccepted(EventData):
    """The backend accepted the user's password.

    Attributes:
        user_id: the publisher's id of the user.
        login_id: names one sign-in and everything done in it, protected pages included.
        place: where the password was asked for.
    """

    event_type: ClassVar[str] = "biolatch.attempt.password-accepted.v1"

    user_id: Id
    login_id: Id
    place: Place


class BiometricsChanged(EventData):
    """The app saw that the set of faces or fingers on the phone is another one.

    Attributes:
        bio_epoch: the epoch since the change.
        change: what happened to the set.
        detected_by: how the app learned of it.
        os_upgraded: whether the operating system was upgraded since the last check.
    """

    event_type: ClassVar[str] = "biolatch.biometrics.changed.v1"

    bio_epoch: BioEpoch
    change: BiometricChange
    detected_by: DetectedBy
    os_upgraded: bool = False


class DeviceErased(EventData):
    """Forget a user of the device, or without `user_id` the whole device.

    Attributes:
        user_id: whom to forget; absent: the whole device.
    """

    event_type: ClassVar[str] = "biolatch.device.erased.v1"

    user_id: Id | None = None


AnyEvent: TypeAlias = (
    EnrollmentSubmitted
    | EnrollmentDeclined
    | EnrollmentWithdrawn
    | EnrollmentRevoked
    | AttemptFinished
    | PasswordAccepted
    | BiometricsChanged
    | DeviceErased
)

EVENT_TYPES: Final[tuple[type[AnyEvent], ...]] = (
    EnrollmentSubmitted,
    EnrollmentDeclined,
    EnrollmentWithdrawn,
    EnrollmentRevoked,
    AttemptFinished,
    PasswordAccepted,
    BiometricsChanged,
    DeviceErased,
)
"""Every input event there is."""
