"""Notifications: what a webhook says to whoever tells a person, and how its id is made.

Owns the payload's form, after the Standard Webhooks specification (`type`, `timestamp`, `data`),
and the idempotency key. What is in it may be shown to the person as it is: it never says which
check failed, nor why biometrics are off.
"""

from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, ClassVar, Final, TypeAlias

import msgspec

from events.scalars import Id
from events.timestamps import Rfc3339
from events.vocabulary import Place, PromptLabel

_DIGEST_BYTES: Final = 16

Words: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=1000, extra_json_schema={"pattern": r"^[^\n]+$"})
]
"""One line of text for people."""

Locale: TypeAlias = Annotated[
    str, msgspec.Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
]
"""A BCP 47 language tag."""


class MessageName(StrEnum):
    """Which message it is; for those who have words of their own for it."""

    SWITCHED_ON = "switched_on"
    """Biometric login was switched on, again or for the first time."""
    SWITCHED_OFF = "switched_off"
    """It was switched off by the person, who need not do anything."""
    NOT_AVAILABLE = "not_available"
    """It was switched off, and cannot be switched on again for now."""
    USE_PASSWORD = "use_password"  # noqa: S105 - a message's name, not a secret
    """This login needs the password; the next one may use biometrics again."""
    SWITCH_ON_AGAIN = "switch_on_again"
    """It is off, and the person can switch it on again."""
    SET_UP_DEVICE_FIRST = "set_up_device_first"
    """It is off, and the device's own settings come first."""
    REFRESH_BIOMETRICS = "refresh_biometrics"
    """The check fails often: update the biometrics on the device."""


class DeepLink(StrEnum):
    """Where in the app, or beside it, the person can act."""

    OPEN_DEVICE_SETTINGS = "open_device_settings"
    ENABLE_BIOMETRICS = "enable_biometrics"
    PASSWORD = "password"  # noqa: S105 - a place in the app, not a secret


class NotificationText(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message in one language, to be shown as it is.

    Attributes:
        title: a line.
        body: a sentence or more.
        steps: what the person can do, in this order; may be empty.
    """

    title: Words
    body: Words
    steps: tuple[Words, ...]


class NotificationData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom to tell what.

    Attributes:
        device_id, user_id: whom it is for: this user, on this device.
        message: which message it is.
        decision_id: the id (`ce_id`) of the decision that it tells of, for looking things up.
        decision_type: the type of that decision.
        occurred_at: when what led to it happened (RFC 3339, UTC, milliseconds).
        texts: the message, by language tag; every language that is configured.
        deep_link: where the person can act; absent where there is nothing to do.
        prompt_label: what the device calls the check; absent where it is not known.
        login_id, place: of the login that it is about.
    """

    device_id: Id
    user_id: Id
    message: MessageName
    decision_id: Annotated[str, msgspec.Meta(min_length=1, max_length=512, pattern="^[ -~]+$")]
    decision_type: Annotated[str, msgspec.Meta(pattern=r"^biolatch\.decision\.[a-z-]+\.v\d+$")]
    occurred_at: Rfc3339
    texts: dict[Locale, NotificationText]
    deep_link: DeepLink | None = None
    prompt_label: PromptLabel | None = None
    login_id: Id | None = None
    place: Place | None = None


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook.

    Attributes:
        type: always `biolatch.notification.created.v1`.
        timestamp: when it was decided (RFC 3339, UTC, milliseconds); not when it was sent.
        data: whom to tell what.
    """

    event_type: ClassVar[str] = "biolatch.notification.created.v1"

    type: Annotated[str, msgspec.Meta(pattern=r"^biolatch\.notification\.created\.v1$")]
    timestamp: Rfc3339
    data: NotificationData


def notification_id(decision_id: str, decision_time: str) -> str:
    """The idempotency key of what is told of a decision (header `webhook-id`).

    The same for every repeat, try, endpoint and replay. The time is in it because ids begin anew
    with a topic that was made anew. A digest, because a webhook's id must not hold a full stop.
    """
    digest = blake2b(f"{decision_id}\0{decision_time}".encode(), digest_size=_DIGEST_BYTES)
    return f"msg_{digest.hexdigest()}"
