"""What this process knows of all devices: the compacted topic as a dictionary.

Owns the reading of a state's value, and its small form in memory. Tolerant as a consumer has to
be: unknown fields are ignored. A word that decides and is not understood makes a device unreadable,
and an unreadable device may not.
"""

from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias, TypeVar, cast

from pydantic_core import from_json

from biolatch_client.answers import Answer, UnknownReason, UserState, answer_for, unknown
from biolatch_client.instants import instant_ms
from biolatch_client.words import Guidance, Offer, OffReason, PromptLabel, Status

DEVICE_STATE: Final = "biolatch.device-state"
"""The topic of public states."""

_Word = TypeVar("_Word", bound=StrEnum)


class DeviceState(NamedTuple):
    """What is published of one device.

    Attributes:
        bio_epoch: highest epoch known of it; 0 where none was ever reported.
        users: at most 16.
    """

    bio_epoch: int
    users: tuple[UserState, ...]

    def user(self, user_id: str) -> UserState | None:
        """One of them."""
        for user in self.users:
            if user.user_id == user_id:
                return user
        return None


class Unreadable(ValueError):
    """A state that this version of the library does not understand."""


Devices: TypeAlias = MutableMapping[str, DeviceState | None]
"""By device id; None for a state that cannot be read."""


def read_state(value: bytes) -> DeviceState:
    """The state in a record's value.

    Raises:
        Unreadable: it is not what the contract says, or says more than this version understands.
    """
    try:
        document = cast("Mapping[str, object]", from_json(value))
        users = cast("Mapping[str, Mapping[str, object]]", document["users"])
        return DeviceState(
            cast("int", document["bio_epoch"]),
            tuple(_user(user_id, fields) for user_id, fields in users.items()),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"the state cannot be read ({type(error).__name__})") from error


def take(devices: Devices, key: bytes | None, value: bytes | None) -> None:
    """Bring the devices up to date with one record of the topic."""
    if key is None:
        return
    device_id = key.decode("latin-1")
    if value is None:
        devices.pop(device_id, None)
        return
    try:
        devices[device_id] = read_state(value)
    except Unreadable:
        devices[device_id] = None


def ask(
    devices: Devices, device_id: str, user_id: str, *, login_id: str | None, now_ms: int
) -> Answer:
    """May this user use biometrics on this device now, as far as the devices are known?"""
    device = devices.get(device_id)
    if device is None:
        if device_id in devices:
            return unknown(UnknownReason.UNREADABLE)
        return answer_for(None, login_id=login_id, now_ms=now_ms)
    return answer_for(device.user(user_id), login_id=login_id, now_ms=now_ms)


def _user(user_id: str, fields: Mapping[str, object]) -> UserState:
    return UserState(
        user_id,
        _STATUSES[fields["status"]],
        _REASONS.get(fields["reason"]),
        _instant(fields["since"]),
        _GUIDANCE.get(fields["guidance"], Guidance.USE_PASSWORD),
        _OFFERS.get(fields["offer"], Offer.NONE),
        _instant(fields["prompt_not_before"]),
        _LABELS.get(fields["prompt_label"]),
        cast("str | None", fields["fallback_login_id"]),
        _instant(fields["wait_until"]),
    )


def _instant(text: object) -> int | None:
    return None if text is None else _instant_ms(cast("str", text))


@lru_cache(maxsize=4096)
def _instant_ms(text: str) -> int:
    return instant_ms(text)


def _by_text(words: type[_Word]) -> Mapping[object, _Word]:
    """A dictionary: some times faster than calling the enum, and there are many devices."""
    return {word.value: word for word in words}


_STATUSES: Final = _by_text(Status)
_REASONS: Final = _by_text(OffReason)
_GUIDANCE: Final = _by_text(Guidance)
_OFFERS: Final = _by_text(Offer)
_LABELS: Final = _by_text(PromptLabel)
"""But for the status no decision hangs on these: a word that is not known is none."""
