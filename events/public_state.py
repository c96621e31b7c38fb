"""What everyone may know of a device: the value of the compacted state topic.

Answers "may this user use biometrics on this device now?" and what the app may offer instead
(design section 5). Fields that do not apply are null, never absent: a reader needs no defaults.
"""

from typing import Annotated, Final

import msgspec

from events.scalars import BioEpochOrNone, Id
from events.timestamps import Rfc3339
from events.vocabulary import Guidance, Offer, OffReason, PromptLabel, Status

USERS_MAX: Final = 16
"""Most users that a device has, absent ones included."""


class PublicUser(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One user of a device.

    Attributes:
        status: may use biometrics if `enabled`, or if `fallback`, in another login than
            `fallback_login_id` once `wait_until` has passed.
        reason: why disabled or in fallback.
        since: when the status last changed; null for an absent user.
        guidance: what the user should do next.
        offer: what the app may offer.
        prompt_not_before: no prompt before this instant: the user declined one.
        prompt_label: the word the prompt uses.
        fallback_login_id: the login that needs the password.
        wait_until: no biometrics before this instant.
    """

    status: Status
    reason: OffReason | None
    since: Rfc3339 | None
    guidance: Guidance
    offer: Offer
    prompt_not_before: Rfc3339 | None
    prompt_label: PromptLabel | None
    fallback_login_id: Id | None
    wait_until: Rfc3339 | None


class PublicState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One device.

    Attributes:
        device_id: one installation of the app.
        bio_epoch: highest epoch known of the device; 0 where none was ever reported.
        users: by id, in the order of their ids; a device without users has a tombstone instead.
    """

    device_id: Id
    bio_epoch: BioEpochOrNone
    users: Annotated[dict[Id, PublicUser], msgspec.Meta(min_length=1, max_length=USERS_MAX)]
