"""What is remembered of a device: one small row that no rule ever needs more than.

Owns the shape of the state (design section 3). Values only: no rule stands here. The structs are
also what a stored row holds (`agents.device_rows`), in the order of their fields: any change of
them is a new row format.
"""

import re
from typing import Final

import msgspec

from events.facts import PublicKey
from events.vocabulary import (
    DisabledReason,
    FallbackReason,
    KeyBinding,
    Method,
    Platform,
    Status,
)

_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""base64url; 32 bytes take 43 characters."""

DIGEST_BYTES: Final = 8
"""Events, old keys and used challenges are remembered by 64-bit digests, as one run of bytes."""


class EllipticPoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The coordinates of an ES256 public key, as its JWK writes them."""

    x: str
    y: str


class User(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One user of a device.

    Attributes:
        user_id: the publisher's id of the user.
        status: where the user stands.
        disabled_reason: set exactly while disabled.
        fallback_reason: set exactly while in fallback.
        since_ms: when the status last changed; none while absent.
        method, platform, key_id, public_key, key_binding: of the latest enrollment.
        old_keys: digests of the last keys before the current one, oldest first.
        failures: rejections since the last match, accepted password, re-arming or enrollment.
        consecutive_failures: rejections since the last match or enrollment.
        seq: last slot taken under the current key; 0 before the first.
        troubled_ms: times of the last troubled fallbacks, oldest first (design rule 20).
        failure_fallbacks: fallbacks for too many failures since the last match or enrollment.
        wait_until_ms, fallback_login_id: of the fallback that stands.
        advised_ms: when the user was last advised to refresh the device's biometrics.
        guided_login_id: login in which the user was last guided to re-enable.
        allow_re_enable: of the last revocation.
        declined_ms: when a prompt was declined; cleared by an enrollment.
        lowered_ms: latest time of a withdrawal or revocation, each at most its now.
        noted_ms: now of the last decline or withdrawal while absent.
    """

    user_id: str
    status: Status
    disabled_reason: DisabledReason | None = None
    fallback_reason: FallbackReason | None = None
    since_ms: int | None = None
    method: Method | None = None
    platform: Platform | None = None
    key_id: str | None = None
    public_key: EllipticPoint | None = None
    key_binding: KeyBinding | None = None
    old_keys: bytes = b""
    failures: int = 0
    consecutive_failures: int = 0
    seq: int = 0
    troubled_ms: tuple[int, ...] = ()
    failure_fallbacks: int = 0
    wait_until_ms: int | None = None
    fallback_login_id: str | None = None
    advised_ms: int | None = None
    guided_login_id: str | None = None
    allow_re_enable: bool = True
    declined_ms: int | None = None
    lowered_ms: int | None = None
    noted_ms: int | None = None

    @property
    def live(self) -> bool:
        """Enabled or in fallback: biometrics are switched on."""
        return self.status is Status.ENABLED or self.status is Status.FALLBACK

    @property
    def revoked_for_good(self) -> bool:
        """Switched off by an administrator who does not allow re-enabling."""
        return self.disabled_reason is DisabledReason.ADMIN and not self.allow_re_enable


class ErasureMark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A user of the device was erased: nothing up to this instant may come back."""

    user_id: str
    at_ms: int


class DeviceState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One device.

    Attributes:
        bio_epoch: highest epoch known; 0 before the first.
        changed_ms: when the biometrics on the device last changed.
        users: in the order of their ids.
        recent_events: digests of the last events that were not refused, oldest first.
        erased_ms: erasure mark of the whole device.
        erased_users: erasure marks of users, oldest first.
        watermark: offset of the last event applied; -1 before the first.
        bucket_full_ms: when the bucket of attempts is full again; 0 before the first (rule 11d).
        used_challenges: digests of the last challenges that were signed, oldest first (rule 11c).
    """

    bio_epoch: int = 0
    changed_ms: int | None = None
    users: tuple[User, ...] = ()
    recent_events: bytes = b""
    erased_ms: int | None = None
    erased_users: tuple[ErasureMark, ...] = ()
    watermark: int = -1
    bucket_full_ms: int = 0
    used_challenges: bytes = b""

    def user(self, user_id: str) -> User | None:
        """The user of that id, if the device knows one."""
        for user in self.users:
            if user.user_id == user_id:
                return user
        return None


UNKNOWN_DEVICE: Final = DeviceState()
"""A device of which nothing was ever heard."""


def point_of(key: PublicKey | None) -> EllipticPoint | None:
    """What is kept of a public key: the point, if it is an ES256 key; no other kind is kept."""
    if key is None or key.kty != "EC" or key.crv != "P-256":
        return None
    x, y = key.x or "", key.y or ""
    if not (_COORDINATE.fullmatch(x) and _COORDINATE.fullmatch(y)):
        return None
    return EllipticPoint(x=x, y=y)
