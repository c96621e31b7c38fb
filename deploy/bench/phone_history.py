"""What a crowd of phones reports, as a seeded history: the load of the benchmark.

Owns the mix. A history is valid: keys, sequence numbers, epochs and logins follow from what each
phone reported before, so nearly every event passes the checks of the rules, as in production. The
same seed gives the same history, event for event, in every process; times are not part of it.
"""

import random
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final, NamedTuple

from deploy.bench.phone import Phone, random_coordinate, random_uuid
from events.facts import (
    AttemptFinished,
    BiometricsChanged,
    EnrollmentDeclined,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from events.vocabulary import (
    AttemptOutcome,
    BiometricChange,
    Channel,
    DetectedBy,
    KeyBinding,
    OsBiometrics,
    Place,
    Platform,
)

_MIX: Final = {
    AttemptFinished: 85.0,
    EnrollmentSubmitted: 6.5,
    BiometricsChanged: 2.8,
    EnrollmentWithdrawn: 2.6,
    PasswordAccepted: 2.6,
    EnrollmentDeclined: 0.5,
}
"""Events in a hundred. Enrollments make up for changes and withdrawals, accepted passwords for the
fallbacks that failing attempts lead to, so the crowd stays as it is however long this goes on."""

_TYPES: Final = tuple(_MIX)
_CUMULATED: Final = tuple(accumulate(_MIX.values()))

_ATTEMPT_SURPRISES: Final = 0.01
"""Attempts on a phone whose biometrics are off: half of them are how a change is found out."""

_FAILS_AT_FIRST: Final = 0.082
_FAILS_AGAIN: Final = 0.5
"""A failure makes the next one likelier (wet fingers, a mask): 12 % of all attempts fail, and some
users fail five times in a row."""

_FAILURES: Final = {
    AttemptOutcome.REJECTED: 80.0,
    AttemptOutcome.FALLBACK_CHOSEN: 9.0,
    AttemptOutcome.CANCELLED_USER: 5.0,
    AttemptOutcome.LOCKED_TIMED: 3.0,
    AttemptOutcome.TIMEOUT: 2.0,
    AttemptOutcome.CANCELLED_SYSTEM: 1.0,
}
"""How an attempt fails, in a hundred failures."""

_FAILURE_OUTCOMES: Final = tuple(_FAILURES)
_FAILURES_CUMULATED: Final = tuple(accumulate(_FAILURES.values()))
_NEEDS_PASSWORD: Final = frozenset({AttemptOutcome.FALLBACK_CHOSEN, AttemptOutcome.LOCKED_TIMED})
_FAILURES_MAX: Final = 5
"""Rejections after which the rules ask for the password."""

_PLATFORM_CODES: Final = {AttemptOutcome.REJECTED: "authenticationFailed"}
_OFF_SHARE: Final = 50
"""One phone in so many is off: nobody enables again within a moment."""


class Report(NamedTuple):
    """One event as a phone's backend reports it, without its times.

    Attributes:
        event_type: `ce_type`.
        event_id: `ce_id`.
        device_id: the key.
        data: the event's data but `password_verified_at`.
    """

    event_type: str
    event_id: str
    device_id: str
    data: Mapping[str, object]


class PhoneHistory:
    """A crowd of phones; `enrollments` comes first and once, then `events` goes on for ever."""

    def __init__(self, *, seed: int, devices: int) -> None:
        """Make up the crowd."""
        self._chance: Final = random.Random(seed)  # noqa: S311 (seeded on purpose, protects nothing)
        phones = [Phone(self._chance) for _ in range(devices)]
        self._off_usually: Final = max(1, devices // _OFF_SHARE)
        self._off: Final = deque(phones[: self._off_usually])
        self._on: Final = phones[self._off_usually :]
        self._in_fallback: Final[deque[Phone]] = deque()

    def enrollments(self) -> Iterator[Report]:
        """The first enrollment of every phone that has biometrics from the start."""
        for phone in self._on:
            yield self._enrolls(phone)

    def events(self) -> Iterator[Report]:
        """Everything after that, in the mix."""
        chance = self._chance
        while True:
            (kind,) = chance.choices(_TYPES, cum_weights=_CUMULATED)
            if kind is AttemptFinished:
                yield self._attempts()
            elif kind is EnrollmentSubmitted:
                is_back = len(self._off) > self._off_usually
                phone = self._off.popleft() if is_back else self._leaves_on()
                self._on.append(phone)
                yield self._enrolls(phone)
            elif kind is BiometricsChanged:
                yield self._changes()
            elif kind is EnrollmentWithdrawn:
                phone = self._leaves_on()
                self._off.append(phone)
                data = {"user_id": phone.user_id, "channel": Channel.SETTINGS}
                yield self._report(EnrollmentWithdrawn.event_type, phone, data)
            elif kind is PasswordAccepted:
                yield self._enters_password()
            else:
                yield self._declines()

    def _attempts(self) -> Report:
        chance = self._chance
        if chance.random() < _ATTEMPT_SURPRISES:
            return self._attempts_in_vain()
        place_in_crowd = chance.randrange(len(self._on))
        phone = self._on[place_in_crowd]
        if not phone.failed_last:
            self._begins_login(phone)
        phone.seq += 1
        outcome = AttemptOutcome.MATCHED
        phone.failed_last = chance.random() < (
            _FAILS_AGAIN if phone.failed_last else _FAILS_AT_FIRST
        )
        if phone.failed_last:
            (outcome,) = chance.choices(_FAILURE_OUTCOMES, cum_weights=_FAILURES_CUMULATED)
        self._counts(phone, outcome, place_in_crowd)
        return self._attempt(phone, outcome)

    def _counts(self, phone: Phone, outcome: AttemptOutcome, place_in_crowd: int) -> None:
        """Follow the rules as far as to know who has to enter the password next."""
        if outcome is AttemptOutcome.MATCHED:
            phone.rejections = 0
        elif outcome is AttemptOutcome.REJECTED:
            phone.rejections += 1
        if outcome in _NEEDS_PASSWORD or phone.rejections == _FAILURES_MAX:
            phone.rejections = 0
            phone.failed_last = False
            self._take_out(place_in_crowd)
            self._in_fallback.append(phone)

    def _attempts_in_vain(self) -> Report:
        """On a phone that is off already, or that finds out by this attempt that it has to be."""
        if self._chance.random() < 0.5:  # noqa: PLR2004 (a half)
            phone = self._off[0]
        else:
            phone = self._leaves_on()
            phone.epoch += 1
            self._off.append(phone)
        self._begins_login(phone)
        phone.seq += 1
        return self._attempt(phone, AttemptOutcome.MATCHED)

    def _attempt(self, phone: Phone, outcome: AttemptOutcome) -> Report:
        data: dict[str, object] = {
            "user_id": phone.user_id,
            "login_id": phone.login_id,
            "place": phone.place,
            "outcome": outcome,
            "key_id": phone.key_id or "none",
            "bio_epoch": phone.epoch,
            "seq": phone.seq or 1,
            "scans": 1 if outcome is AttemptOutcome.MATCHED else 3,
        }
        if (code := _PLATFORM_CODES.get(outcome)) is not None:
            data["platform_code"] = code
        return self._report(AttemptFinished.event_type, phone, data)

    def _enrolls(self, phone: Phone) -> Report:
        phone.key_id = random_uuid(self._chance)
        phone.seq = phone.rejections = 0
        phone.failed_last = False
        data: dict[str, object] = {
            "user_id": phone.user_id,
            "channel": Channel.LOGIN_PROMPT,
            "method": phone.method,
            "platform": phone.platform,
            "key_id": phone.key_id,
            "bio_epoch": phone.epoch,
            "os_biometrics": OsBiometrics.READY,
            "key_binding": KeyBinding.CURRENT_SET,
            "public_key": {
                "kty": "EC",
                "crv": "P-256",
                "x": random_coordinate(self._chance),
                "y": random_coordinate(self._chance),
            },
            "os_version": "18.5" if phone.platform is Platform.IOS else "16",
            "app_version": "7.4.1",
        }
        return self._report(EnrollmentSubmitted.event_type, phone, data)

    def _changes(self) -> Report:
        phone = self._leaves_on()
        self._off.append(phone)
        phone.epoch += 1
        data: dict[str, object] = {
            "bio_epoch": phone.epoch,
            "change": BiometricChange.ADDED,
            "detected_by": DetectedBy.DOMAIN_STATE,
        }
        return self._report(BiometricsChanged.event_type, phone, data)

    def _enters_password(self) -> Report:
        """After a fallback; or, when nobody is in one, by somebody's own choice."""
        if self._in_fallback:
            phone = self._in_fallback.popleft()
            self._on.append(phone)
        else:
            phone = self._chance.choice(self._on)
        phone.rejections = 0
        data: dict[str, object] = {
            "user_id": phone.user_id,
            "login_id": phone.login_id,
            "place": phone.place,
        }
        return self._report(PasswordAccepted.event_type, phone, data)

    def _declines(self) -> Report:
        phone = self._off[0]
        data = {"user_id": phone.user_id, "channel": Channel.AFTER_LOGIN_PROMPT}
        return self._report(EnrollmentDeclined.event_type, phone, data)

    def _begins_login(self, phone: Phone) -> None:
        """Sign in; every other time go on in the same login, to a protected page."""
        if phone.place is Place.SIGN_IN and phone.seq:
            phone.place = Place.PROTECTED_PAGE
        else:
            phone.place = Place.SIGN_IN
            phone.login_id = random_uuid(self._chance)

    def _leaves_on(self) -> Phone:
        return self._take_out(self._chance.randrange(len(self._on)))

    def _take_out(self, place_in_crowd: int) -> Phone:
        """Take a phone out of those that are on; the last one takes its place."""
        on = self._on
        on[place_in_crowd], on[-1] = on[-1], on[place_in_crowd]
        return on.pop()

    def _report(self, event_type: str, phone: Phone, data: Mapping[str, object]) -> Report:
        return Report(event_type, random_uuid(self._chance), phone.device_id, data)
