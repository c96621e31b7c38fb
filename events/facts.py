"""What phones reported: the eight kinds of input event, as their publishers know them.

Owns the data of every input event (design section 2). A field added here is added to the public
contract. No field can carry biometric data: there are outcomes, ids, epochs and words, no bytes
and no free-form maps. Instants are whole milliseconds since 1970.
"""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from events.timestamps import parse_rfc3339
from events.vocabulary import (
    BIO_EPOCH_MAX,
    COUNT_MAX,
    ID_LENGTH_MAX,
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

ID_PATTERN: Final = r"^[ -~]+$"
_COORDINATE_LENGTH_MAX: Final = 128

Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=ID_LENGTH_MAX, pattern=ID_PATTERN)]
"""1 to 128 printable ASCII characters."""

BioEpoch: TypeAlias = Annotated[int, Field(ge=1, le=BIO_EPOCH_MAX)]
"""Counted by the app: rises whenever the set of enrolled faces or fingers on the phone changes."""

Count: TypeAlias = Annotated[int, Field(ge=1, le=COUNT_MAX)]


def _instant_ms(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic reports ValueError only
    return parse_rfc3339(value)


InstantMs: TypeAlias = Annotated[
    int,
    BeforeValidator(_instant_ms),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 with an offset on the wire, milliseconds since 1970 in memory."""

_Coordinate: TypeAlias = Annotated[
    str, Field(max_length=_COORDINATE_LENGTH_MAX, pattern=r"^[A-Za-z0-9_-]+$")
]


class FactData(BaseModel):
    """Base of the data of all input events: frozen, strict types, tolerant of unknown fields.

    Whether unknown fields are refused is said where the data is read: publishers refuse them,
    consumers ignore them (design section 2).
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)
    event_type: ClassVar[str]


class PublicKey(BaseModel):
    """An ES256 public key as a JWK (RFC 7517); other members are not kept."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: _Coordinate
    y: _Coordinate


class EnrollmentSubmitted(FactData):
    """A user switched face or fingerprint recognition on, with a key made for this enabling."""

    event_type: ClassVar[str] = "biolatch.enrollment.submitted.v1"

    user_id: Id
    channel: Channel
    method: Method
    platform: Platform
    key_id: Id
    bio_epoch: BioEpoch
    os_biometrics: OsBiometrics
    password_verified_at: InstantMs
    key_binding: KeyBinding = KeyBinding.UNKNOWN
    login_id: Id | None = None
    public_key: PublicKey | None = None
    device_signature: str | None = None
    challenge: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    device_model: str | None = None


class EnrollmentDeclined(FactData):
    """A user said no to the prompt."""

    event_type: ClassVar[str] = "biolatch.enrollment.declined.v1"

    user_id: Id
    channel: Channel


class EnrollmentWithdrawn(FactData):
    """A user switched it off: at any time, for any reason, no questions asked."""

    event_type: ClassVar[str] = "biolatch.enrollment.withdrawn.v1"

    user_id: Id
    channel: Channel


class EnrollmentRevoked(FactData):
    """An administrator switched it off."""

    event_type: ClassVar[str] = "biolatch.enrollment.revoked.v1"

    user_id: Id
    reason_admin: str
    allow_re_enable: bool


class AttemptFinished(FactData):
    """A biometric prompt ended, in one of the ways of design rule 19."""

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


class PasswordAccepted(FactData):
    """The backend accepted the user's password."""

    event_type: ClassVar[str] = "biolatch.attempt.password-accepted.v1"

    user_id: Id
    login_id: Id
    place: Place


class BiometricsChanged(FactData):
    """The app saw that the set of faces or fingers on the phone is another one."""

    event_type: ClassVar[str] = "biolatch.biometrics.changed.v1"

    bio_epoch: BioEpoch
    change: BiometricChange
    detected_by: DetectedBy
    os_upgraded: bool = False


class DeviceErased(FactData):
    """Forget a user of the device, or without `user_id` the whole device."""

    event_type: ClassVar[str] = "biolatch.device.erased.v1"

    user_id: Id | None = None


AnyFactData: TypeAlias = (
    EnrollmentSubmitted
    | EnrollmentDeclined
    | EnrollmentWithdrawn
    | EnrollmentRevoked
    | AttemptFinished
    | PasswordAccepted
    | BiometricsChanged
    | DeviceErased
)

FACT_TYPES: Final[tuple[type[AnyFactData], ...]] = (
    EnrollmentSubmitted,
    EnrollmentDeclined,
    EnrollmentWithdrawn,
    EnrollmentRevoked,
    AttemptFinished,
    PasswordAccepted,
    BiometricsChanged,
    DeviceErased,
)
"""Every input event there is; the registry from which types, schemas and tests are derived."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One input event, decoded: who said it, when, about which device, and what.

    Attributes:
        event_id: the publisher's id; unique together with `source`.
        source: the publisher.
        device_id: one installation of the app.
        occurred_at_ms: the publisher's time of the event.
        now_ms: the broker's time of the record; the only "now" that rules know.
        offset: place of the record in its partition.
        data: the event itself.
    """

    event_id: str
    source: str
    device_id: str
    occurred_at_ms: int
    now_ms: int
    offset: int
    data: AnyFactData
