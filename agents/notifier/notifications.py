"""From a decision's record to what is sent: id and body.

Pure: the same record gives the same bytes, on every try, in every process.
"""

from typing import Final, NamedTuple

import msgspec

from agents.notifier.catalogues import Catalogues
from agents.notifier.messages import message_of
from schemas.decision_records import read_decision
from schemas.notifications import Notification, NotificationData, notification_id
from schemas.plain_inputs import Headers

_encode: Final = msgspec.json.Encoder().encode


class Sendable(NamedTuple):
    """What is sent for one decision.

    Attributes:
        id: its idempotency key.
        body: JSON.
    """

    id: str
    body: bytes


def sendable(value: bytes | None, headers: Headers, catalogues: Catalogues) -> Sendable | None:
    """What a record of the decisions topic leads to; None where there is nothing to tell anybody.

    Raises:
        MalformedInput: it is no decision.
    """
    record = read_decision(value, headers)
    if record is None:
        return None
    decision = record.decision
    message = message_of(decision)
    if message is None:
        return None
    notification = Notification(
        type=Notification.event_type,
        timestamp=record.time,
        data=NotificationData(
            device_id=decision.device_id,
            user_id=decision.user_id,
            message=message.name,
            deep_link=message.deep_link,
            prompt_label=decision.prompt_label,
            login_id=decision.login_id,
            place=decision.place,
            decision_id=record.id,
            decision_type=decision.event_type,
            occurred_at=decision.occurred_at,
            texts=catalogues.texts(message, decision.prompt_label),
        ),
    )
    return Sendable(notification_id(record.id, record.time), _encode(notification))
