"""A made-up phone: what its app would report, with only a rough idea of what the server knows."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.auditor.times import DAY, HOUR, MINUTE, SECOND
from tests.property.drafts import (
    CHANGED,
    CHANNELS,
    DECLINED,
    ERASED,
    FINISHED,
    OUTCOMES,
    PASSWORD,
    PLACES,
    REQUIRED,
    REVOKED,
    SOURCES,
    SUBMITTED,
    USER_NAMES,
    WITHDRAWN,
    Draft,
)
from tests.property.signing import PhoneKey, Signing
from tests.property.world import World


@dataclass(slots=True)
class Owner:
    """What the phone remembers of one of its users."""

    name: str
    key_id: str = "never-made"
    old_keys: list[str] = field(default_factory=list)
    seq: int = 0
    login_id: str = "login-0"
    fallbacks: int = 0
    wait_until: int = 0
    barred: bool = False
    disabled_at: int = 0
    key: PhoneKey | None = None


class Phone:
    """Builds events as the app would, at the world's time; `wild` ones as it should not."""

    def __init__(self, world: World, number: int, *, signs: bool = False) -> None:
        self.world = world
        self.random = world.random
        kind_of_id = ("phone-%d", 'ph"one %d', "ph\\one-%d", "%d~" + "p" * 120)[number % 4]
        self.device_id = kind_of_id % number
        self.owners = [Owner(name) for name in USER_NAMES]
        self.epoch = self.random.randint(1, 3)
        self.changed_at = 0
        self.instants: list[int] = []
        self._number, self._counter = number, 0
        self._recent_names: deque[tuple[str, str]] = deque(maxlen=20)
        self._signing = Signing(self.random) if signs else None

    def fresh(self, prefix: str) -> str:
        """An id that this phone has not used."""
        self._counter += 1
        return f"{prefix} {self._number}.{self._counter}"

    def draft(self, event_type: str, data: dict[str, Any], time: int | None = None) -> Draft:
        """An event with a new id, mostly dated shortly before now."""
        source, event_id = self._event_name()
        at = self._event_time() if time is None else time
        return Draft(event_type, self.device_id, event_id, source, at, data)

    def _event_name(self) -> tuple[str, str]:
        """A source and a new id; sometimes they look much like those of another event."""
        name = self.random.choice(SOURCES), self.fresh("event")
        if self._recent_names and self.world.chance(0.02):
            source, event_id = self.random.choice(self._recent_names)
            another = self.random.choice(SOURCES)
            # Joined without a separator, the last is the same as an event of /backend/eu.
            name = self.random.choice(((source, event_id), (another, event_id)))
            if source == "/backend/eu":
                name = "/backend", "/eu" + event_id
        self._recent_names.append(name)
        return name

    def _event_time(self) -> int:
        now, roll = self.world.now, self.random.random()
        if roll < 0.80:
            return now - self.random.randint(0, 2 * SECOND)
        if roll < 0.90:
            return now
        if roll < 0.94:
            return now + self.random.randint(0, 10 * MINUTE)
        if roll < 0.97:
            return now - self.random.randint(0, 3 * DAY)
        if self.instants:
            return self.random.choice(self.instants) + self.random.choice((-1, 0, 1))
        return now - HOUR

    def submit(self, owner: Owner, **changes: object) -> Draft:
        """An enabling in good order: new key, right epoch, fresh password."""
        now = self.world.tick()
        key_id = self.fresh("key")
        earliest = max(self.changed_at, owner.disabled_at) + 1
        data: dict[str, Any] = {
            "user_id": owner.name,
            "channel": self.random.choice(CHANNELS),
            "method": self.random.choice(("face", "fingerprint")),
            "platform": self.random.choice(("ios", "android", "other")),
            "key_id": key_id,
            "bio_epoch": self.epoch,
            "os_biometrics": "ready",
            "password_verified_at": max(now - self.random.randint(0, 5 * SECOND), earliest),
            **self._submission_extras(),
            **changes,
        }
        owner.old_keys.append(owner.key_id)
        owner.key_id = data["key_id"]
        owner.seq = owner.fallbacks = 0
        draft = self.draft(SUBMITTED, data, self.world.now)
        if self._signing is not None:
            owner.key = PhoneKey(self.random)
            self._signing.sign(draft, owner.key, now)
        return draft

    def _submission_extras(self) -> dict[str, Any]:
        possible: dict[str, Any] = {
            "key_binding": self.random.choice(("current_set", "any_set", "none", "unknown")),
            "login_id": self.fresh("login"),
            "public_key": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "BB"},
            "device_signature": "c2lnbmVk",
            "challenge": "Y2hhbGxlbmdl",
            "os_version": '17.4 "beta"',
            "app_version": "6.1.0\\7",
            "device_model": "téléphone ☎",
        }
        return {name: value for name, value in possible.items() if self.world.chance(0.4)}

    def attempt(self, owner: Owner, outcome: str, **changes: object) -> Draft:
        """An attempt in good order: current key and epoch, the next number."""
        self.world.tick()
        owner.seq += self.random.choice((1, 1, 1, 2))
        data: dict[str, Any] = {
            "user_id": owner.name,
            "login_id": owner.login_id,
            "place": self.random.choice(PLACES),
            "outcome": outcome,
            "key_id": owner.key_id,
            "bio_epoch": self.epoch,
            "seq": owner.seq,
        }
        if self.world.chance(0.2):
            data["scans"] = self.random.randint(1, 5)
            data["platform_code"] = self.random.choice(("-8", "LOCKOUT 7", 'say "no"\\', ""))
        draft = self.draft(FINISHED, {**data, **changes})
        if self._signing is not None and owner.key is not None:
            self._signing.sign(draft, owner.key, self.world.now)
        return draft

    def last_scan_fails(self, owner: Owner) -> Draft:
        """The rejection that makes the fallback, as far as the phone can tell."""
        attempt = self.attempt(owner, "rejected")
        owner.wait_until = self.world.now + min(30 * SECOND * 2**owner.fallbacks, HOUR)
        owner.fallbacks += 1
        owner.disabled_at = self.world.now  # which it is, if this was the last of far too many
        return attempt

    def log_in(self, owner: Owner) -> None:
        """Begin another sign-in of that user."""
        owner.login_id = self.fresh("login")

    def password(self, owner: Owner) -> Draft:
        """The password was accepted in the user's present sign-in."""
        self.world.tick()
        place = self.random.choice(PLACES)
        data = {"user_id": owner.name, "login_id": owner.login_id, "place": place}
        return self.draft(PASSWORD, data)

    def decline(self, owner: Owner) -> Draft:
        """The user does not want to be asked."""
        self.world.tick()
        return self.draft(DECLINED, {"user_id": owner.name, "channel": self._channel()})

    def withdraw(self, owner: Owner, time: int | None = None) -> Draft:
        """The user switches off."""
        self.world.tick()
        draft = self.draft(WITHDRAWN, {"user_id": owner.name, "channel": self._channel()}, time)
        self.instants.append(draft.time)
        return draft

    def _channel(self) -> str:
        return self.random.choice(CHANNELS)

    def revoke(self, owner: Owner, *, allow_re_enable: bool) -> Draft:
        """An administrator switches off."""
        owner.disabled_at = self.world.tick()
        owner.barred = not allow_re_enable
        reason_admin = self.random.choice(("ticket 4711", 'lost "phone"\\', "verdächtig ☠"))
        data = {
            "user_id": owner.name,
            "reason_admin": reason_admin,
            "allow_re_enable": allow_re_enable,
        }
        draft = self.draft(REVOKED, data)
        self.instants.append(draft.time)
        return draft

    def change(self, **changes: object) -> Draft:
        """The set of faces or fingers on the phone is another one."""
        self.changed_at = self.world.tick()
        self.epoch += 1
        data: dict[str, Any] = {
            "bio_epoch": self.epoch,
            "change": self.random.choice(("added", "removed", "replaced", "unknown")),
            "detected_by": self.random.choice(("domain_state", "key_invalidated", "app_check")),
        }
        if self.world.chance(0.3):
            data["os_upgraded"] = self.world.chance(0.5)
        return self.draft(CHANGED, {**data, **changes})

    def erase(self, owner: Owner | None, time: int | None = None) -> Draft:
        """One user's data, or the whole device's, has to go."""
        self.world.tick()
        if owner is None:
            self.changed_at = 0
            self.epoch = self.random.randint(1, 3)
        draft = self.draft(ERASED, {} if owner is None else {"user_id": owner.name}, time)
        self.instants.append(draft.time)
        return draft

    def wild(self, event_type: str) -> Draft:
        """A decodable event with whatever the pools offer; the phone learns nothing from it."""
        self.world.tick()
        owner = self.random.choice(self.owners[: self.random.choice((3, 9, 20))])
        fields: dict[str, Callable[[], object]] = {
            "user_id": lambda: owner.name,
            "channel": self._channel,
            "place": lambda: self.random.choice(PLACES),
            "method": lambda: self.random.choice(("face", "fingerprint")),
            "platform": lambda: self.random.choice(("ios", "android", "other")),
            "key_id": lambda: self._wild_key(owner),
            "bio_epoch": self._wild_epoch,
            "os_biometrics": lambda: self.random.choice(("ready", "not_set_up", "unavailable")),
            "password_verified_at": self._wild_password_time,
            "login_id": lambda: self.random.choice((owner.login_id, self.fresh("login"))),
            "outcome": lambda: self.random.choice(OUTCOMES),
            "seq": lambda: self._wild_seq(owner),
            "reason_admin": lambda: "wild",
            "allow_re_enable": lambda: self.world.chance(0.8),
            "change": lambda: self.random.choice(
                ("added", "removed", "replaced", "all_removed", "unknown")
            ),
            "detected_by": lambda: self.random.choice(("domain_state", "app_check")),
        }
        return self.draft(event_type, {name: fields[name]() for name in REQUIRED[event_type]})

    def _wild_key(self, owner: Owner) -> str:
        other = self.random.choice(self.owners)
        return self.random.choice((owner.key_id, other.key_id, *owner.old_keys[-6:], "stolen key"))

    def _wild_epoch(self) -> int:
        if self.world.chance(0.002):
            return 2**31 - 1
        return max(1, self.epoch + self.random.choice((-1, 0, 0, 0, 0, 0, 0, 1)))

    def _wild_seq(self, owner: Owner) -> int:
        if self.world.chance(0.005):
            return 2**53 - 1
        return max(1, owner.seq + self.random.choice((-2, -1, 0, 1, 2)))

    def _wild_password_time(self) -> int:
        now = self.world.now
        edges = (now - 20 * MINUTE, now + 5 * MINUTE, self.changed_at, self.owners[0].disabled_at)
        beside = self.random.choice((-1, 0, 1))
        return max(0, self.random.choice((now, now, *edges)) + beside)
