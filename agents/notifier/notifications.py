"""From a decision's record to what is sent: id and body.

Pure: the same record gives the same bytes, on every try, in every process.
"""

from typing import Final, NamedTuple

import msgspec

from agents.notifier.catalogues import Catalogues
from agents.notifier.messages import message_of
from events.decisions import Decision
from events.errors import MalformedInput
from events.timestamps import format_rfc3339
from schemas.notifications import Notification, NotificationData, notification_id
from schemas.output_records import UnreadableOutput, read_output
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
        MalformedInput: it is no decision; `decision.header-missing`, `decision.header-unreadable`
            or `decision.data-unreadable`.
    """
    try:
        event = read_output(value, headers)
    except UnreadableOutput as error:
        raise MalformedInput(f"decision.{error.part}", str(error)) from error
    if event is None or not isinstance(event.data, Decision):
        return None
    decision = event.data
    message = message_of(decision)
    if message is None:
        return None
    # As outputs write it, so that it is the header's text: ids of notifications follow from it.
    decided_at = format_rfc3339(event.now_ms)
    notification = Notification(
        type=Notification.event_type,
        timestamp=decided_at,
        data=NotificationData(
            device_id=decision.device_id,
            user_id=decision.user_id,
            message=message.name,
            deep_link=message.deep_link,
            prompt_label=decision.prompt_label,
            login_id=decision.login_id,
            place=decision.place,
            decision_id=event.event_id,
            decision_type=decision.event_type,
            occurred_at=decision.occurred_at,
            texts=catalogues.texts(message, decision.prompt_label),
        ),
    )
    return Sendable(notification_id(event.event_id, decided_at), _encode(notification))
