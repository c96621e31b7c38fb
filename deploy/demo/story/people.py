"""The people of the story and what their phones report: each method is one event.

A phone here keeps what a real one does: it makes a new key for every enabling, numbers the attempts
under it, and counts how often the set of enrolled faces or fingers has changed.
"""

from dataclasses import dataclass, field
from typing import Final

from deploy.demo.script import Event, EventField, SecondsAgo

_JUST_NOW: Final = SecondsAgo(0)


@dataclass(slots=True)
class Person:
    """A user of the app on one phone.

    Attributes:
        user: user id.
        method: what the person has set up, `face` or `fingerprint`.
        key: number of the current key; 0 before the first enabling.
        seq: number of the last attempt under that key.
        login: number of the sign-in; everything done in it shares its id.
    """

    user: str
    method: str
    key: int = 0
    seq: int = 0
    login: int = 1

    @property
    def key_id(self) -> str:
        """The current key."""
        return f"{self.user}-key-{self.key}"

    @property
    def login_id(self) -> str:
        """The current sign-in."""
        return f"{self.user}-login-{self.login}"

    def logs_in_again(self) -> None:
        """Begin another sign-in."""
        self.login += 1


@dataclass(slots=True)
class Phone:
    """One installation of the app.

    Attributes:
        device: device id.
        platform: `ios`, `android` or `other`.
        epoch: how often the enrolled faces or fingers have changed, from 1.
    """

    device: str
    platform: str
    epoch: int = 1

    def declines(self, person: Person, channel: str) -> Event:
        """The person says no to the prompt."""
        return self._event("enrollment.declined", user_id=person.user, channel=channel)

    def enables(
        self,
        person: Person,
        channel: str,
        *,
        os_biometrics: str = "ready",
        password_verified: SecondsAgo = _JUST_NOW,
    ) -> Event:
        """The person switches it on, with a new key and after their password."""
        person.key += 1
        person.seq = 0
        return self._event(
            "enrollment.submitted",
            user_id=person.user,
            channel=channel,
            method=person.method,
            platform=self.platform,
            key_id=person.key_id,
            bio_epoch=self.epoch,
            os_biometrics=os_biometrics,
            password_verified_at=password_verified,
            key_binding="current_set",
        )

    def withdraws(self, person: Person) -> Event:
        """The person switches it off."""
        return self._event("enrollment.withdrawn", user_id=person.user, channel="settings")

    def scans(
        self, person: Person, outcome: str, place: str = "sign_in", **extra: EventField
    ) -> Event:
        """A biometric prompt of the current sign-in ended so."""
        person.seq += 1
        return self._event(
            "attempt.finished",
            user_id=person.user,
            login_id=person.login_id,
            place=place,
            outcome=outcome,
            key_id=person.key_id,
            bio_epoch=self.epoch,
            seq=person.seq,
            **extra,
        )

    def accepts_password(self, person: Person) -> Event:
        """The backend accepted the person's password in the current sign-in."""
        return self._event(
            "attempt.password-accepted",
            user_id=person.user,
            login_id=person.login_id,
            place="sign_in",
        )

    def changes(self, change: str) -> Event:
        """The app saw that the enrolled faces or fingers are others."""
        self.epoch += 1
        return self._event(
            "biometrics.changed", bio_epoch=self.epoch, change=change, detected_by="domain_state"
        )

    def _event(self, name: str, **data: EventField) -> Event:
        return Event(name, self.device, data)


@dataclass(slots=True)
class Cast:
    """Everybody in the story, as it goes on; a new story needs a new cast."""

    ana: Person = field(default_factory=lambda: Person("ana", "face"))
    ben: Person = field(default_factory=lambda: Person("ben", "fingerprint"))
    chen: Person = field(default_factory=lambda: Person("chen", "fingerprint"))
    dora: Person = field(default_factory=lambda: Person("dora", "face"))
    emil: Person = field(default_factory=lambda: Person("emil", "fingerprint"))
    iris: Person = field(default_factory=lambda: Person("iris", "fingerprint"))
    jon: Person = field(default_factory=lambda: Person("jon", "fingerprint"))
    anas: Phone = field(default_factory=lambda: Phone("ana-iphone", "ios"))
    bens: Phone = field(default_factory=lambda: Phone("ben-android", "android"))
    chens: Phone = field(default_factory=lambda: Phone("chen-iphone", "ios"))
    doras: Phone = field(default_factory=lambda: Phone("dora-android", "android"))
    emils: Phone = field(default_factory=lambda: Phone("emil-android", "android"))
    shared: Phone = field(default_factory=lambda: Phone("family-tablet", "android"))
