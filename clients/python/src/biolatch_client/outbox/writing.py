"""Writing an event in the backend's own transaction: it is sent if, and only if, that commits.

Owns the order of a device. On PostgreSQL positions are given when a row is written, and become
visible when its transaction commits; so a lock on the device, held by the transaction, lets no
other one write of it meanwhile. SQLite has one writer at a time anyway.
"""

from typing import Any, Final, TypeAlias

from pydantic_core import to_json
from sqlalchemy import Connection, Executable, Table, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, scoped_session

from biolatch_client.events import AnyEvent
from biolatch_client.records import (
    DEVICE_EVENTS,
    PLAIN,
    Envelope,
    EventRecord,
    record_of,
    require_id,
)

_LOCK_SPACE: Final = 0x62_696F_6C61
"""Keeps our advisory locks from those of others, as well as a 64-bit hash can."""

Transaction: TypeAlias = Connection | Session | scoped_session[Session]
AsyncTransaction: TypeAlias = AsyncConnection | AsyncSession


class Outbox:
    """Writes events to a table."""

    def __init__(self, table: Table, *, source: str, topic: str = DEVICE_EVENTS) -> None:
        """Write to this table.

        Args:
            table: of `outbox_table`.
            source: `ce_source` of the events: a short URI reference that names this service.
            topic: of input events.

        Raises:
            EventRefused: the source is not 1 to 128 printable ASCII characters.
        """
        self.table: Final = table
        self._source: Final = require_id(source, "envelope.source_invalid", "source")
        self._topic: Final = topic

    def write(
        self,
        transaction: Transaction,
        device_id: str,
        event: AnyEvent,
        *,
        envelope: Envelope = PLAIN,
    ) -> str:
        """Write an event, and return its id; nothing is sent before the transaction commits.

        Two transactions that write events of the same two devices should do so in the same order,
        or PostgreSQL will end one of them as a deadlock.

        Raises:
            EventRefused: the event is not as the contract says; nothing was written.
        """
        record = self._record(device_id, event, envelope)
        connection = (
            transaction if isinstance(transaction, Connection) else transaction.connection()
        )
        for statement in self._statements(connection.dialect.name, device_id, event, record):
            connection.execute(statement)
        return record.event_id

    async def write_async(
        self,
        transaction: AsyncTransaction,
        device_id: str,
        event: AnyEvent,
        *,
        envelope: Envelope = PLAIN,
    ) -> str:
        """As `write`, in a transaction that awaits."""
        record = self._record(device_id, event, envelope)
        connection = (
            transaction
            if isinstance(transaction, AsyncConnection)
            else await transaction.connection()
        )
        for statement in self._statements(connection.dialect.name, device_id, event, record):
            await connection.execute(statement)
        return record.event_id

    def _record(self, device_id: str, event: AnyEvent, envelope: Envelope) -> EventRecord:
        return record_of(device_id, event, source=self._source, envelope=envelope)

    def _statements(
        self, dialect: str, device_id: str, event: AnyEvent, record: EventRecord
    ) -> list[Executable]:
        attributes = {name: text.decode() for name, text in record.headers}
        row: dict[str, Any] = {
            "id": record.event_id,
            "aggregatetype": self._topic,
            "aggregateid": device_id,
            "type": event.event_type,
            "payload": record.value.decode(),
            "source": self._source,
            "occurred_at": attributes["ce_time"],
            "extensions": _extensions(attributes),
        }
        writing = insert(self.table).values(row)
        if dialect != "postgresql":
            return [writing]
        key = func.hashtextextended(literal(device_id), literal(_LOCK_SPACE))
        return [select(func.pg_advisory_xact_lock(key)), writing]


_OWN_HEADERS: Final = frozenset(
    {
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_time",
        "content-type",
    }
)


def _extensions(attributes: dict[str, str]) -> str | None:
    more = {
        name.removeprefix("ce_"): text
        for name, text in attributes.items()
        if name not in _OWN_HEADERS
    }
    return to_json(more).decode() if more else None
