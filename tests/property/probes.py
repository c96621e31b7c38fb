"""Random events that fit a given state: the right key, epoch and time more often than not."""

from random import Random

from msgspec.structs import replace

from agents.core.state import DeviceState, User
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
)
from events.vocabulary import (
    BIO_EPOCH_MAX,
    AttemptOutcome,
    BiometricChange,
    Channel,
    DetectedBy,
    Method,
    OsBiometrics,
    Place,
    Platform,
)

_MINUTE_MS = 60_000


def probe(chance: Random, state: DeviceState, near: Fact) -> Fact:
    """An event for a device in this state, about as late as `near`."""
    later_ms = chance.choice((0, 1, _MINUTE_MS, 60 * _MINUTE_MS, 50 * 24 * 60 * _MINUTE_MS))
    now_ms = near.now_ms + later_ms
    data = _data(chance, state, now_ms)
    user = None if isinstance(data, BiometricsChanged) else state.user(data.user_id or "")
    occurred_at_ms = now_ms - chance.choice((0, 0, 0, 5, 90 * _MINUTE_MS))
    if user is not None and user.lowered_ms is not None and chance.random() < 0.3:
        occurred_at_ms = user.lowered_ms
    return replace(
        near,
        event_id=f"probe-{chance.getrandbits(64)}",
        occurred_at_ms=occurred_at_ms,
        now_ms=now_ms,
        data=data,
    )


def _data(chance: Random, state: DeviceState, now_ms: int) -> AnyFactData:
    users = state.users
    known = chance.choice(users) if users and chance.random() < 0.85 else None
    user_id = known.user_id if known else f"user-{chance.randrange(40)}"
    highest = BIO_EPOCH_MAX - 1  # so that a change can go one beyond
    epoch = min(highest, max(1, state.bio_epoch + chance.choice((-1, 0, 0, 0, 0, 0, 1))))
    build = chance.choices(
        (_submitted, _attempt, _attempt, _attempt, _other), weights=(2, 2, 2, 2, 3)
    )[0]
    return build(chance, state, user_id, known, epoch, now_ms)


def _submitted(
    chance: Random, state: DeviceState, user_id: str, known: User | None, epoch: int, now_ms: int
) -> AnyFactData:
    del known
    keys = [user.key_id for user in state.users if user.key_id is not None]
    reused = chance.choice(keys) if keys and chance.random() < 0.1 else None
    return EnrollmentSubmitted(
        user_id=user_id,
        channel=chance.choice(list(Channel)),
        method=chance.choice(list(Method)),
        platform=chance.choice(list(Platform)),
        key_id=reused or f"key-{chance.getrandbits(64)}",
        bio_epoch=epoch,
        os_biometrics=chance.choices(list(OsBiometrics), weights=(8, 1, 1))[0],
        password_verified_at=now_ms - chance.choice((0, 0, 0, 0, 30 * _MINUTE_MS)),
    )


def _attempt(
    chance: Random, state: DeviceState, user_id: str, known: User | None, epoch: int, now_ms: int
) -> AnyFactData:
    del state, now_ms
    key = known.key_id if known and known.key_id and chance.random() < 0.9 else "key-elsewhere"
    seq = (known.seq if known else 0) + chance.choice((0, 1, 1, 1, 1, 9))
    same_login = known.fallback_login_id if known and chance.random() < 0.3 else None
    return AttemptFinished(
        user_id=user_id,
        login_id=same_login or f"login-{chance.randrange(50)}",
        place=chance.choice(list(Place)),
        outcome=chance.choice(list(AttemptOutcome)),
        key_id=key,
        bio_epoch=epoch,
        seq=max(1, seq),
    )


def _other(
    chance: Random, state: DeviceState, user_id: str, known: User | None, epoch: int, now_ms: int
) -> AnyFactData:
    del state, known, now_ms
    channel = chance.choice(list(Channel))
    return chance.choice(
        (
            EnrollmentDeclined(user_id=user_id, channel=channel),
            EnrollmentWithdrawn(user_id=user_id, channel=channel),
            EnrollmentRevoked(
                user_id=user_id, reason_admin="lost", allow_re_enable=chance.random() < 0.5
            ),
            PasswordAccepted(user_id=user_id, login_id="login-1", place=Place.SIGN_IN),
            BiometricsChanged(
                bio_epoch=epoch + chance.choice((0, 1)),
                change=chance.choice(list(BiometricChange)),
                detected_by=chance.choice(list(DetectedBy)),
                os_upgraded=chance.random() < 0.7,
            ),
            DeviceErased(user_id=chance.choice((user_id, None))),
        )
    )
