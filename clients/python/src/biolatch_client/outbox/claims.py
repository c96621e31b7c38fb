"""Which events a relay sends next: claimed so that no other relay sends of the same devices.

Owns the database's side of the relay. On PostgreSQL a relay locks the oldest event of each device
that it takes (`FOR UPDATE SKIP LOCKED`); while it holds that row, the device has no other oldest
one, so other relays leave the device alone. Elsewhere there must be one relay only.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, delete, exists, select

from biolatch_client.records import EventRecord

_EVENTS_PER_DEVICE: Final = 5
"""How many times more events than devices are taken at once."""


class Claimed(NamedTuple):
    """An event to send.

    Attributes:
        position: its place in the order of writing.
        record: as it will stand in Kafka, without a signature.
    """

    position: int
    record: EventRecord


class Claims:
    """Takes events and removes what was sent; used from one thread at a time."""

    def __init__(self, engine: Engine, table: Table, *, devices_max: int) -> None:
        """Claim nothing yet."""
        self._engine: Final = engine
        self._table: Final = table
        self._devices_max: Final = devices_max
        self._holds: Final = engine.dialect.name == "postgresql"
        self._connection: Connection | None = None

    def take(self) -> list[Claimed]:
        """The oldest events of some devices, in the order of writing.

        On PostgreSQL a transaction stays open until `finish` or `release`.
        """
        connection = self._connection = self._engine.connect()
        columns = self._table.c
        devices = connection.scalars(self._oldest()).all()
        rows = (
            connection.execute(
                select(self._table)
                .where(columns.aggregateid.in_(devices))
                .order_by(columns.position)
                .limit(self._devices_max * _EVENTS_PER_DEVICE)
            )
            if devices
            else ()
        )
        claimed = [
            Claimed(
                row.position,
                _record(
                    device_id=row.aggregateid,
                    event_id=row.id,
                    source=row.source,
                    event_type=row.type,
                    occurred_at=row.occurred_at,
                    extensions=row.extensions,
                    payload=row.payload,
                ),
            )
            for row in rows
        ]
        if not self._holds or not claimed:
            self.release()
        return claimed

    def finish(self, positions: Sequence[int]) -> None:
        """Remove what was sent, and let go of the rest."""
        connection = self._connection or self._engine.connect()
        self._connection = connection
        if positions:
            connection.execute(delete(self._table).where(self._table.c.position.in_(positions)))
            connection.commit()
        self.release()

    def release(self) -> None:
        """Let go of everything; what was not removed will be taken again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()  # and with it, roll back

    def _oldest(self) -> Select[Any]:
        """The devices of rows before which there is none of the same device."""
        later = self._table.alias("later")
        earlier = self._table.alias("earlier")
        is_oldest: ColumnElement[bool] = ~exists().where(
            earlier.c.aggregateid == later.c.aggregateid, earlier.c.position < later.c.position
        )
        return (
            select(later.c.aggregateid)
            .where(is_oldest)
            .order_by(later.c.position)
            .limit(self._devices_max)
            .with_for_update(skip_locked=True, of=later)
        )


def _record(
    *,
    device_id: str,
    event_id: str,
    source: str,
    event_type: str,
    occurred_at: str,
    extensions: str | None,
    payload: str,
) -> EventRecord:
    """The record as `biolatch_client.records` made it."""
    more: dict[str, str] = from_json(extensions) if extensions else {}
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "subject": device_id,
        "time": occurred_at,
        **more,
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    headers.append(("content-type", b"application/json"))
    return EventRecord(device_id.encode(), payload.encode(), tuple(headers), event_id)
