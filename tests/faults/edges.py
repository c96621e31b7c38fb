"""One broker, the topics of biolatch and a real worker: where edge cases are staged and judged.

async with edges(kafka, folder) as staged:
    phone = staged.phone(partition=0)
    ...  # publish, hurt, publish
    assert await staged.differences() == []
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.partitioner import partition_of
from deploy.topic_setup import Wishes, apply
from schemas.publishing import read_line
from schemas.sizing import LOCAL
from schemas.topics import DEVICE_EVENTS, VERDICTS, topology
from tests.auditor.records import RawRecord
from tests.faults.campaign_judgement import Evidence, judge
from tests.faults.devices_worker import DevicesWorker
from tests.faults.group_watch import GroupWatch
from tests.journeys.topic_dump import dump
from tests.kafka.commands.phone import Phone

WAIT_S = 30.0
_LOOK_S = 0.05
CHANGELOG = topology().devices_changelog.name


class Edges:
    """What a test may hurt.

    Attributes:
        kafka: the broker.
        servers: where it is.
        worker: a real worker, on all partitions.
        watch: looks at the group.
    """

    def __init__(self, kafka: LocalKafka, folder: Path) -> None:
        self.kafka = kafka
        self.servers = kafka.bootstrap_servers
        self.worker = DevicesWorker("worker", self.servers, folder)
        self.worker.environment |= {
            "BIOLATCH_MEMBERSHIP__SESSION_TIMEOUT_S": "6",
            "BIOLATCH_LANE__PARKED_CHECK_S": "0.1",
            "BIOLATCH_LANE__BACKOFF_S_MAX": "0.5",
            "BIOLATCH_LANE__TRANSACTION_TIMEOUT_S": "1",
        }
        self.watch = GroupWatch(self.servers, LOCAL.partitions)

    def phone(self, partition: int) -> Phone:
        """A phone that nobody knows yet, whose events go to that partition."""
        while True:
            phone = Phone()
            if partition_of(phone.device.encode(), LOCAL.partitions) == partition:
                return phone

    async def publish(self, phone: Phone) -> list[int]:
        """Publish what the phone has done since; return the offsets."""
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            return await publish_with(producer, phone)

    async def verdicts(self, count: int, partition: int) -> None:
        """Wait until that partition has so many verdicts."""

        async def there() -> bool:
            found = await dump(self.servers, [VERDICTS], partitions=LOCAL.partitions)
            return sum(each.partition == partition for each in found) >= count

        await until(there)

    async def decided(self) -> None:
        """Wait until every event is decided."""

        async def caught_up() -> bool:
            committed, ends = await self.watch.committed(), await self.watch.input_ends()
            return all(committed.get(number, 0) == end for number, end in ends.items())

        await until(caught_up)

    async def said(self, event: str, times: int = 1) -> None:
        """Wait until the worker has logged this event so often since its start."""

        async def told() -> bool:
            assert not self.worker.has_ended, self.worker.log.read_text()
            return self.worker.said(event) >= times

        await until(told)

    async def restart(self) -> None:
        """Let the worker end in good order, and start it again."""
        assert await self.worker.end(signal.SIGTERM) == 0
        await self.worker.start()
        await self.worker.joined()

    async def rows(self) -> list[RawRecord]:
        """Every committed record of the changelog."""
        return await dump(self.servers, [CHANGELOG], partitions=LOCAL.partitions)

    async def differences(self) -> list[str]:
        """Everything on all topics, judged."""
        evidence = await Evidence.read(self.servers, self.watch, [], partitions=LOCAL.partitions)
        return judge(evidence).differences


async def publish_with(producer: AIOKafkaProducer, phone: Phone) -> list[int]:
    """Send what the phone has done since, in order; return the offsets once they are safe."""
    lines, phone.lines = phone.lines, []
    records = [read_line(line.encode()) for line in lines]
    sent = [
        await producer.send(
            DEVICE_EVENTS,
            record.value,
            key=record.key,
            headers=list(record.headers),
            partition=partition_of(record.key, LOCAL.partitions),
        )
        for record in records
    ]
    return [(await each).offset for each in sent]


@asynccontextmanager
async def edges(kafka: LocalKafka, folder: Path) -> AsyncGenerator[Edges]:
    """Make the topics and start the worker; it is killed at the end if it is still there."""
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await apply(admin, topology(), Wishes())
    staged = Edges(kafka, folder)
    try:
        await staged.worker.start()
        await staged.worker.joined()
        yield staged
    finally:
        await staged.worker.kill()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that Kafka or a log tells when asked."""
    async with asyncio.timeout(WAIT_S):
        while not await condition():  # noqa: ASYNC110 - they tell when asked
            await asyncio.sleep(_LOOK_S)
