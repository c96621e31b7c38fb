"""The local view of the compacted topic, on a real Kafka."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from biolatch_client import (
    Closed,
    DeviceStates,
    KafkaConnection,
    KafkaRefused,
    KafkaUnavailable,
    Status,
    SyncDeviceStates,
    UnknownReason,
)
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.free_ports import free_port
from schemas.topics import topology
from tests.client.test_answers import value_with

ENABLED = value_with(status="enabled", reason=None)
DISABLED = value_with(status="disabled")


async def until(fact: Callable[[], bool]) -> None:
    """Wait until it is so."""
    while not fact():  # noqa: ASYNC110 - nobody else could tell
        await asyncio.sleep(0.02)


@pytest.fixture
async def topic(connection: KafkaConnection) -> str:
    """A topic as that of the states, of the test's own."""
    name = f"states-{uuid.uuid4().hex[:8]}"
    settings = topology().device_state.settings(replication=1)
    async with KafkaAdmin(connection.bootstrap_servers) as admin:
        await admin.create(name, partitions=3, replication=1, settings=settings)
    return name


@pytest.fixture
async def worker(connection: KafkaConnection) -> AsyncIterator[AIOKafkaProducer]:
    """Writes in transactions, as a worker does."""
    producer = AIOKafkaProducer(
        bootstrap_servers=connection.bootstrap_servers,
        transactional_id=f"worker-{uuid.uuid4().hex[:8]}",
    )
    async with producer:
        yield producer


async def write(worker: AIOKafkaProducer, topic: str, **values: bytes | None) -> None:
    async with worker.transaction():
        for device_id, value in values.items():
            await worker.send(topic, value, key=device_id.encode())


async def test_the_view_has_all_that_was_there_and_follows_what_comes(
    connection: KafkaConnection, topic: str, worker: AIOKafkaProducer
) -> None:
    await write(worker, topic, a=ENABLED, b=ENABLED, c=ENABLED, d=b"not a state")
    await write(worker, topic, a=DISABLED, b=None)
    async with DeviceStates(connection, topic=topic) as states:
        await states.wait_ready()
        assert [bool(states.may_use(each, "ana")) for each in "abcde"] == [
            False,
            False,
            True,
            False,
            False,
        ]
        assert states.may_use("d", "ana").why is UnknownReason.UNREADABLE
        device = states.device("a")
        assert device is not None
        assert device.users[0].status is Status.DISABLED
        await write(worker, topic, a=ENABLED, c=None)
        await until(lambda: bool(states.may_use("a", "ana")))
        await until(lambda: not states.may_use("c", "ana"))
        assert len(states) == 2


async def test_what_was_aborted_is_never_seen_and_does_not_hold_readiness_up(
    connection: KafkaConnection, topic: str, worker: AIOKafkaProducer
) -> None:
    await write(worker, topic, a=ENABLED)
    await worker.begin_transaction()
    for device_id in "abcdefgh":  # every partition ends with a marker of the abortion
        await worker.send_and_wait(topic, DISABLED, key=device_id.encode())
    await worker.abort_transaction()
    async with DeviceStates(connection, topic=topic) as states:
        await states.wait_ready()
        assert states.may_use("a", "ana")
        assert len(states) == 1


async def test_an_open_transaction_is_waited_for_by_nobody(
    connection: KafkaConnection, topic: str, worker: AIOKafkaProducer
) -> None:
    await write(worker, topic, a=ENABLED)
    async with worker.transaction():
        await worker.send_and_wait(topic, DISABLED, key=b"a")
        async with DeviceStates(connection, topic=topic) as states:
            await states.wait_ready()
            assert states.may_use("a", "ana")


async def test_an_empty_topic_is_complete_at_once(connection: KafkaConnection, topic: str) -> None:
    async with DeviceStates(connection, topic=topic) as states:
        await states.wait_ready()
        assert states.staleness_s is not None
        assert not states.may_use("a", "ana")


async def test_a_missing_topic_and_a_missing_kafka_are_said(connection: KafkaConnection) -> None:
    async with DeviceStates(connection, topic="no-states") as states:
        with pytest.raises(KafkaRefused, match="biolatch topics apply"):
            await states.wait_ready(within_s=1)
    nowhere = KafkaConnection(bootstrap_servers=f"127.0.0.1:{free_port()}", request_timeout_s=0.2)
    async with DeviceStates(nowhere) as states:
        with pytest.raises(KafkaUnavailable):
            await states.wait_ready(within_s=0.5)
        assert states.may_use("a", "ana").why is UnknownReason.NOT_READY
    with pytest.raises(Closed):
        await states.wait_ready()


def test_code_that_does_not_await_asks_a_view_that_a_thread_keeps(
    connection: KafkaConnection,
) -> None:
    async def prepare() -> None:
        async with KafkaAdmin(connection.bootstrap_servers) as admin:
            await admin.create("blocking-states", partitions=1, replication=1, settings={})
        async with AIOKafkaProducer(bootstrap_servers=connection.bootstrap_servers) as producer:
            await producer.send_and_wait("blocking-states", ENABLED, key=b"a")

    asyncio.run(prepare())
    with SyncDeviceStates(DeviceStates(connection, topic="blocking-states")) as states:
        assert states.may_use("a", "ana")
    assert states.may_use("a", "ana").why is UnknownReason.NOT_READY


async def test_a_reading_that_ends_begins_again_and_the_view_stays_meanwhile(
    connection: KafkaConnection, topic: str, worker: AIOKafkaProducer
) -> None:
    await write(worker, topic, a=ENABLED, b=ENABLED)
    async with DeviceStates(connection, topic=topic) as states:
        await states.wait_ready()
        before = states._devices  # noqa: SLF001
        deleting = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap_servers)
        await deleting.start()
        await deleting.delete_topics([topic])
        await deleting.close()
        async with KafkaAdmin(connection.bootstrap_servers) as admin:
            while await admin.topics([topic]):  # noqa: ASYNC110 - nobody else could tell
                await asyncio.sleep(0.02)
            await admin.create(topic, partitions=3, replication=1, settings={})
        async with AIOKafkaProducer(bootstrap_servers=connection.bootstrap_servers) as producer:
            await producer.send_and_wait(topic, ENABLED, key=b"a")
        await until(lambda: states._devices is not before)  # noqa: SLF001
        assert states.may_use("a", "ana")
        assert not states.may_use("b", "ana")


async def test_a_device_whose_partition_changed_is_known_whichever_partition_is_read_first(
    connection: KafkaConnection, topic: str, worker: AIOKafkaProducer
) -> None:
    for device_id, old, new in (("up", 0, 2), ("down", 2, 0)):
        for value, partition in ((DISABLED, old), (ENABLED, new), (None, old)):
            async with worker.transaction():
                await worker.send(topic, value, key=device_id.encode(), partition=partition)
    async with DeviceStates(connection, topic=topic) as states:
        await states.wait_ready()
        assert [bool(states.may_use(each, "ana")) for each in ("up", "down")] == [True, True]
        assert len(states) == 2
