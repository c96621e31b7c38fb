"""The client behind a network that fails."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from biolatch_client import (
    BufferFull,
    DeviceStates,
    Envelope,
    KafkaConnection,
    KafkaUnavailable,
    NotAcknowledged,
    Publisher,
    UnknownReason,
)
from biolatch_client.testing import attempt_finished
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.free_ports import free_port
from tests.client.stored_events import stored_in
from tests.faults.kafka_frames import Kind
from tests.faults.proxied_kafka import proxied_kafka
from tests.faults.tcp_proxy import Proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST_TIMEOUT_S = 0.5
EVENT = attempt_finished()


class World:
    """A broker, a proxy before it, and where both are."""

    def __init__(self, proxy: Proxy, direct: str, proxied: str) -> None:
        self.proxy = proxy
        self.direct = direct
        self.connection = KafkaConnection(
            bootstrap_servers=proxied, request_timeout_s=REQUEST_TIMEOUT_S
        )

    async def topic(self, partitions: int = 1) -> str:
        name = f"outage-{uuid.uuid4().hex[:8]}"
        async with KafkaAdmin(self.direct) as admin:
            await admin.create(name, partitions=partitions, replication=1, settings={})
        return name

    async def ids_in(self, topic: str) -> list[str]:
        return [each.event_id for each in await stored_in(self.direct, topic)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    proxy = Proxy(free_port(), behind := free_port(), "client")
    kafka = proxied_kafka(
        tmp_path_factory.mktemp("outages") / "kafka", proxy_port=proxy.port, behind_port=behind
    )
    async with kafka:
        await proxy.start()
        yield World(proxy, kafka.bootstrap_servers, f"127.0.0.1:{proxy.port}")
        await proxy.stop()


@pytest.fixture(autouse=True)
def healed(world: World) -> Iterator[None]:
    """Whatever a test does to the network ends with it."""
    yield
    world.proxy.heal()


async def until(fact: Callable[[], bool]) -> None:
    """Wait until it is so."""
    while not fact():  # noqa: ASYNC110 - nobody else could tell
        await asyncio.sleep(0.02)


def numbered(number: int) -> Envelope:
    return Envelope(event_id=str(number))


async def test_answers_that_never_arrive_neither_double_nor_reorder_events(world: World) -> None:
    topic = await world.topic()
    async with Publisher(
        world.connection, source="/backend", topic=topic, acknowledged_s_max=30
    ) as publisher:
        for round_number in range(4):
            world.proxy.withhold(Kind.PRODUCE)
            first = round_number * 10
            calls = [
                asyncio.create_task(publisher.publish("phone-1", EVENT, envelope=numbered(number)))
                for number in range(first, first + 10)
            ]
            await asyncio.gather(*calls)
            if round_number % 2:
                world.proxy.cut()
    assert world.proxy.withheld[Kind.PRODUCE] == 4
    assert await world.ids_in(topic) == [str(number) for number in range(40)]


async def test_what_is_not_acknowledged_in_time_says_so_and_may_be_published_again(
    world: World,
) -> None:
    topic = await world.topic()
    async with Publisher(
        world.connection, source="/backend", topic=topic, acknowledged_s_max=0.3
    ) as publisher:
        await publisher.publish("phone-1", EVENT, envelope=numbered(0))
        world.proxy.hold()
        with pytest.raises(NotAcknowledged, match="may still be stored") as failed:
            await publisher.publish("phone-1", EVENT, envelope=numbered(1))
        assert failed.value.event_id == "1"
        world.proxy.heal()
        # Given up by its caller, it is stored all the same, before what comes after it.
        while True:
            try:
                await publisher.publish("phone-1", EVENT, envelope=numbered(2))
                break
            except (NotAcknowledged, KafkaUnavailable):
                continue
    ids = await world.ids_in(topic)
    assert ids[0] == "0"
    assert ids[-1] == "2"
    assert [each for each in dict.fromkeys(ids) if each != "1"] == ["0", "2"]


async def test_a_full_buffer_refuses_within_its_bound_and_sends_nothing_of_it(
    world: World,
) -> None:
    topic = await world.topic()
    async with Publisher(
        world.connection,
        source="/backend",
        topic=topic,
        buffer_events_max=3,
        buffer_wait_s_max=0.1,
        acknowledged_s_max=30,
    ) as publisher:
        world.proxy.hold()
        waiting = [
            asyncio.create_task(publisher.publish("phone-1", EVENT, envelope=numbered(number)))
            for number in range(3)
        ]
        await asyncio.sleep(0)
        with pytest.raises(BufferFull):
            await publisher.publish("phone-1", EVENT, envelope=numbered(3))
        world.proxy.heal()
        await asyncio.gather(*waiting)
        await publisher.publish("phone-1", EVENT, envelope=numbered(4))
    assert await world.ids_in(topic) == ["0", "1", "2", "4"]


async def test_a_producer_that_has_failed_is_replaced(world: World) -> None:
    topic = await world.topic()
    async with Publisher(world.connection, source="/backend", topic=topic) as publisher:
        await publisher.publish("phone-1", EVENT, envelope=numbered(0))
        producing = publisher._producing  # noqa: SLF001
        assert producing is not None
        producing.is_usable = False
        await publisher.publish("phone-1", EVENT, envelope=numbered(1))
        assert publisher._producing is not producing  # noqa: SLF001
    assert await world.ids_in(topic) == ["0", "1"]


async def test_closing_does_not_wait_for_a_broker_that_is_gone(world: World) -> None:
    topic = await world.topic()
    async with asyncio.timeout(10):
        async with Publisher(
            world.connection, source="/backend", topic=topic, acknowledged_s_max=0.2
        ) as publisher:
            await publisher.publish("phone-1", EVENT)
            world.proxy.hold()
            call = asyncio.create_task(publisher.publish("phone-1", EVENT))
            await asyncio.sleep(0)
        with pytest.raises(NotAcknowledged):
            await call


async def test_a_quiet_topic_does_not_look_stale_and_a_broker_that_is_away_does(
    world: World,
) -> None:
    topic = await world.topic(partitions=3)
    async with DeviceStates(world.connection, topic=topic, stale_after_s=1.5) as states:
        assert states.may_use("phone-1", "ana").why is UnknownReason.NOT_READY
        await states.wait_ready()
        known_at = set[float | None]()
        while len(known_at) < 6:  # nothing is written, and yet it keeps knowing that
            known_at.add(states._known_at)  # noqa: SLF001
            await asyncio.sleep(0.02)
        assert states.staleness_s is not None
        world.proxy.hold()
        await until(lambda: states.may_use("phone-1", "ana").why is UnknownReason.STALE)
        assert not states.may_use("phone-1", "ana")
        world.proxy.cut()
        world.proxy.heal()
        await until(lambda: states.may_use("phone-1", "ana").why is not UnknownReason.STALE)
    assert states.may_use("phone-1", "ana").why is UnknownReason.NOT_READY
