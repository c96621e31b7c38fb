"""The transactional outbox on PostgreSQL and SQLite, with a real Kafka behind its relay."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from biolatch_client import (
    Envelope,
    EventRefused,
    KafkaConnection,
    KafkaUnavailable,
    NotAcknowledged,
    Publisher,
)
from biolatch_client.events import EVENT_TYPES
from biolatch_client.outbox import OutboxRelay
from biolatch_client.records import EventRecord, record_of
from biolatch_client.testing import EVENT_FACTORIES
from deploy.kafka.admin import KafkaAdmin
from tests.client import outbox_relay_process
from tests.client.outbox_rig import (
    EVENT,
    METADATA,
    OUTBOX,
    SOURCE,
    Remembering,
    relay_all,
    until,
    waiting_in,
)
from tests.client.stored_events import require_readable, stored_in


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'backend.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """A database with an empty outbox."""
    engine = create_engine(database)
    METADATA.drop_all(engine)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
async def topic(connection: KafkaConnection) -> str:
    name = f"outbox-{uuid.uuid4().hex[:8]}"
    async with KafkaAdmin(connection.bootstrap_servers) as admin:
        await admin.create(name, partitions=2, replication=1, settings={})
    return name


@pytest.fixture
async def publisher(connection: KafkaConnection, topic: str) -> AsyncIterator[Publisher]:
    async with Publisher(connection, source=SOURCE, topic=topic) as publisher:
        yield publisher


async def test_every_event_arrives_with_the_bytes_that_the_publisher_itself_would_send(
    engine: Engine, publisher: Publisher, connection: KafkaConnection, topic: str
) -> None:
    envelopes = [
        Envelope(event_id=str(number), extensions={"traceparent": f"00-{number}"})
        for number in range(len(EVENT_TYPES))
    ]
    events = [EVENT_FACTORIES[event_type]() for event_type in EVENT_TYPES]
    with engine.begin() as transaction:
        for event, envelope in zip(events, envelopes, strict=True):
            assert OUTBOX.write(transaction, "phone-1", event, envelope=envelope)
        rows = transaction.execute(select(OUTBOX.table).order_by("position")).all()
    assert await relay_all(engine, publisher) == len(events)
    assert waiting_in(engine) == 0
    stored = await stored_in(connection.bootstrap_servers, topic)
    for row, event, envelope, record in zip(rows, events, envelopes, stored, strict=True):
        assert record.event_id == row.id == envelope.event_id
        assert (record.key.decode(), record.value.decode()) == (row.aggregateid, row.payload)
        attributes = {name: value.decode() for name, value in record.headers}
        assert attributes["ce_type"] == row.type == event.event_type
        assert attributes["ce_time"] == row.occurred_at
        expected = record_of("phone-1", event, source=SOURCE, envelope=envelope)
        assert record.value == expected.value
        assert [name for name, _ in record.headers] == [name for name, _ in expected.headers]
        require_readable(record)


async def test_what_is_rolled_back_is_never_sent(engine: Engine) -> None:
    remembering = Remembering()
    with Session(engine) as session:
        OUTBOX.write(session, "phone-1", EVENT)
        session.rollback()
        OUTBOX.write(session, "phone-1", EVENT, envelope=Envelope(event_id="kept"))
        session.commit()
    sessions = scoped_session(sessionmaker(engine))
    OUTBOX.write(sessions, "phone-1", EVENT, envelope=Envelope(event_id="kept, too"))
    sessions.commit()
    sessions.remove()
    with Session(engine) as session, pytest.raises(EventRefused):
        OUTBOX.write(session, "", EVENT)
    await relay_all(engine, remembering)
    assert [each.event_id for each in remembering.records] == ["kept", "kept, too"]


async def test_a_transaction_that_awaits_writes_too(engine: Engine, database: str) -> None:
    # psycopg awaits by itself; SQLite by aiosqlite.
    asynchronous = create_async_engine(database.replace("sqlite:", "sqlite+aiosqlite:"))
    async with AsyncSession(asynchronous) as session:
        await OUTBOX.write_async(session, "phone-1", EVENT, envelope=Envelope(event_id="a"))
        await session.commit()
    async with asynchronous.begin() as connection:
        await OUTBOX.write_async(connection, "phone-1", EVENT, envelope=Envelope(event_id="b"))
    await asynchronous.dispose()
    remembering = Remembering()
    assert await relay_all(engine, remembering) == 2
    assert [each.event_id for each in remembering.records] == ["a", "b"]


async def test_a_device_that_cannot_be_sent_of_holds_up_no_other_and_keeps_its_order(
    engine: Engine,
) -> None:
    remembering = Remembering()
    remembering.fails_for = b"phone-1"
    with engine.begin() as transaction:
        for number in range(6):
            envelope = Envelope(event_id=str(number))
            OUTBOX.write(transaction, f"phone-{number % 2 + 1}", EVENT, envelope=envelope)
    relay = OutboxRelay(engine, OUTBOX, remembering)
    with pytest.raises(KafkaUnavailable):
        await relay.relay_some()
    assert [each.event_id for each in remembering.records] == ["1", "3", "5"]
    remembering.fails_for = None
    assert await relay.relay_some() == 3
    assert [each.event_id for each in remembering.records][3:] == ["0", "2", "4"]


async def test_the_place_of_an_event_is_never_used_again(engine: Engine) -> None:
    positions: list[int] = []
    for _ in range(3):
        with engine.begin() as transaction:
            OUTBOX.write(transaction, "phone-1", EVENT)
            positions += transaction.scalars(select(OUTBOX.table.c.position))
        await relay_all(engine, Remembering())
    assert positions == sorted(set(positions))


async def test_a_relay_goes_on_after_a_failure_and_ends_when_cancelled(engine: Engine) -> None:
    class Failing(Remembering):
        failures = 2

        async def publish_record(self, record: EventRecord) -> None:
            if self.failures:
                self.failures -= 1
                raise NotAcknowledged(record.event_id, "not now")
            await super().publish_record(record)

    failing = Failing()
    relay = OutboxRelay(engine, OUTBOX, failing, poll_s=0.01, retry_s=0.01)
    running = asyncio.create_task(relay.run())
    with engine.begin() as transaction:
        OUTBOX.write(transaction, "phone-1", EVENT)
    await until(lambda: bool(failing.records))
    running.cancel()
    await asyncio.wait({running})
    while waiting_in(engine):  # cancelled before the removal, it would be sent again
        await relay_all(engine, failing)
    assert {each.key for each in failing.records} == {b"phone-1"}


async def test_a_relay_that_is_killed_loses_nothing_and_keeps_the_order(
    engine: Engine, database: str, publisher: Publisher, connection: KafkaConnection, topic: str
) -> None:
    expected: dict[str, list[str]] = {}
    with engine.begin() as transaction:
        for number in range(300):
            device = f"phone-{number % 7}"
            expected.setdefault(device, []).append(str(number))
            envelope = Envelope(event_id=str(number))
            OUTBOX.write(transaction, device, EVENT, envelope=envelope)
    # SQLite takes one relay; on PostgreSQL two run, and both are killed amid their work.
    command = [sys.executable, outbox_relay_process.__file__]
    arguments = [database, connection.bootstrap_servers, topic]
    relays = [
        subprocess.Popen([*command, *arguments])  # noqa: ASYNC220, S603 - our own program
        for _ in range(1 if engine.dialect.name == "sqlite" else 2)
    ]
    await until(lambda: waiting_in(engine) < 250)
    for relay in relays:
        relay.kill()
        relay.wait()
    assert waiting_in(engine) > 0
    await relay_all(engine, publisher)
    stored = await stored_in(connection.bootstrap_servers, topic)
    found: dict[str, list[str]] = {}
    for each in stored:
        found.setdefault(each.key.decode(), []).append(each.event_id)
    # What was sent twice stands behind its first copy; biolatch refuses it as a duplicate.
    assert {device: list(dict.fromkeys(ids)) for device, ids in found.items()} == expected
