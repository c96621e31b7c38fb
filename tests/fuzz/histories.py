"""Histories of one phone out of any bytes: every byte chooses something that a fact may say.

Few users, keys and logins, so that events meet each other; times that go back and far ahead, for a
publisher's clock may say anything and a broker's may be set.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from events.facts import (
    AnyFactData,
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    Fact,
    PasswordAccepted,
    PublicKey,
)
from events.vocabulary import (
    BIO_EPOCH_MAX,
    COUNT_MAX,
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
from schemas.inputs import NOW_MS_MAX
from tests.unit.generated import INSTANT_MS_MAX, INSTANT_MS_MIN
from tests.unit.sound_records import NOW_MS

_Choice = TypeVar("_Choice")

_EVENTS_MAX: Final = 120
_USERS: Final = (*(f"user-{number}" for number in range(20)), "~", " ", "x" * 128)
_KEYS: Final = tuple(f"key-{number}" for number in range(8))
_LOGINS: Final = tuple(f"login-{number}" for number in range(4))
_EPOCHS: Final = (1, 1, 1, 2, 2, 3, 4, BIO_EPOCH_MAX)
_SLOTS: Final = (*range(1, 13), COUNT_MAX - 1, COUNT_MAX)
_STEPS_MS: Final = (0, 1, 250, 31_000, 3_700_000, 86_400_000, 8 * 86_400_000, -60_000, -(10**9))
_SKEWS_MS: Final = (0, 0, 0, 1, -1, 299_000, 301_000, -1_199_000, -1_201_000, -(10**10), 10**10)
_FAR_MS: Final = (INSTANT_MS_MIN, INSTANT_MS_MAX, 0, -1, NOW_MS_MAX)
_PUBLIC_KEYS: Final = (
    None,
    PublicKey(kty="EC", crv="P-256", x="x" * 43, y="y" * 43),
    PublicKey(kty="EC", crv="P-256", x="x" * 65, y="y"),
    PublicKey(kty="OKP", crv="Ed25519", x="x" * 128),
)


class _Bytes:
    """Choices out of bytes; the first ones again and again when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place >= len(self._data)

    def of(self, choices: Sequence[_Choice]) -> _Choice:
        byte = self._data[self._place] if self._place < len(self._data) else 0
        self._place += 1
        return choices[byte % len(choices)]


def history(data: bytes) -> Iterator[Fact]:
    """Facts that `schemas.inputs.decode` could have read, with rising offsets."""
    choose = _Bytes(data)
    now_ms = NOW_MS
    offset = 0
    while not choose.is_at_end and offset < _EVENTS_MAX:
        now_ms = min(max(0, now_ms + choose.of(_STEPS_MS)), NOW_MS_MAX - 1)
        if choose.of(range(32)) == 31:  # a broker whose clock was set
            now_ms = choose.of((0, NOW_MS, NOW_MS_MAX - 1))
        yield Fact(
            event_id=f"event-{choose.of(range(256))}",
            source=choose.of(("/backend", "/app")),
            device_id="phone-1",
            occurred_at_ms=_time_ms(choose, now_ms),
            now_ms=now_ms,
            offset=offset,
            data=_data(choose, now_ms),
        )
        offset += choose.of((1, 1, 2))


def _time_ms(choose: _Bytes, now_ms: int) -> int:
    if choose.of(range(16)) == 15:
        return choose.of(_FAR_MS)
    return min(max(INSTANT_MS_MIN, now_ms + choose.of(_SKEWS_MS)), INSTANT_MS_MAX)


def _data(choose: _Bytes, now_ms: int) -> AnyFactData:
    kind = choose.of("SSSSSAAAAAAAAAAPPDWRCEX")
    user_id = choose.of(_USERS[:3]) if choose.of((True, True, False)) else choose.of(_USERS)
    match kind:
        case "S":
            return EnrollmentSubmitted(
                user_id=user_id,
                channel=choose.of(tuple(Channel)),
                method=choose.of(tuple(Method)),
                platform=choose.of(tuple(Platform)),
                key_id=choose.of(_KEYS),
                bio_epoch=choose.of(_EPOCHS),
                os_biometrics=choose.of((OsBiometrics.READY,) * 5 + tuple(OsBiometrics)),
                password_verified_at=_time_ms(choose, now_ms),
                key_binding=choose.of(tuple(KeyBinding)),
                public_key=choose.of(_PUBLIC_KEYS),
            )
        case "A":
            return AttemptFinished(
                user_id=user_id,
                login_id=choose.of(_LOGINS),
                place=choose.of(tuple(Place)),
                outcome=choose.of((AttemptOutcome.REJECTED,) * 8 + tuple(AttemptOutcome)),
                key_id=choose.of(_KEYS),
                bio_epoch=choose.of(_EPOCHS),
                seq=choose.of(_SLOTS),
                scans=choose.of((1, 2, COUNT_MAX)),
            )
        case _:
            return _other_data(choose, kind, user_id)


def _other_data(choose: _Bytes, kind: str, user_id: str) -> AnyFactData:
    match kind:
        case "P":
            return PasswordAccepted(
                user_id=user_id, login_id=choose.of(_LOGINS), place=choose.of(tuple(Place))
            )
        case "D":
            return EnrollmentDeclined(user_id=user_id, channel=choose.of(tuple(Channel)))
        case "W":
            return EnrollmentWithdrawn(user_id=user_id, channel=choose.of(tuple(Channel)))
        case "R":
            return EnrollmentRevoked(
                user_id=user_id, reason_admin="lost", allow_re_enable=choose.of((True, False))
            )
        case "C":
            return BiometricsChanged(
                bio_epoch=choose.of(_EPOCHS),
                change=choose.of(tuple(BiometricChange)),
                detected_by=choose.of(tuple(DetectedBy)),
                os_upgraded=choose.of((False, True)),
            )
        case "E":
            return DeviceErased(user_id=user_id)
        case _:
            return DeviceErased()
