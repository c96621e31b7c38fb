"""Worker processes to be hurt, a publisher that keeps on, and the recount that judges them."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

SCRIPT = Path(__file__).with_name("trivial_worker.py")
INPUT, CHANGELOG, OUTPUT = "events", "lanes-changelog", "verdicts"
APPLICATION = "lanes"
PARTITIONS = 4
KEYS = 50
WAIT_S = 90.0


class WorkerProcess:
    """A worker in a process of its own; its log lines are kept in a file."""

    program: tuple[str, ...] = (sys.executable, str(SCRIPT), INPUT, CHANGELOG, OUTPUT)

    def __init__(self, name: str, servers: str, folder: Path) -> None:
        self.log = folder / f"{name}.log"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(SCRIPT.parents[2]),
            "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": servers,
            "BIOLATCH_KAFKA__CLIENT_ID": name,
            "BIOLATCH_APPLICATION__NAME": APPLICATION,
            "BIOLATCH_LANE__BATCH_RECORDS_MAX": "50",
        }
        self._process: asyncio.subprocess.Process | None = None
        self._joins_before = 0

    async def start(self) -> None:
        self._joins_before = self._joins()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.program,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    async def joined(self) -> None:
        """Wait until the worker that was started last has joined the group."""
        async with asyncio.timeout(WAIT_S):
            while self._joins() == self._joins_before:
                assert self._process is not None
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    def _joins(self) -> int:
        return self.log.read_bytes().count(b"worker.joined") if self.log.exists() else 0

    def openings(self) -> int:
        """How often a partition's rows have been read."""
        return self.log.read_bytes().count(b"lane.serving")

    async def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(WAIT_S):
            return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class Publisher:
    """Publishes to random partitions until it is stopped, also while no broker is there."""

    def __init__(self, servers: str, chance: random.Random, *, pause_s: float) -> None:
        self._servers = servers
        self._chance = chance
        self._pause_s = pause_s
        self._stopping = asyncio.Event()
        self.extra: list[bytes] = []

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with AIOKafkaProducer(
                    bootstrap_servers=self._servers, enable_idempotence=True
                ) as producer:
                    await self._publish(producer)
            except KafkaError:
                await asyncio.sleep(0.2)

    def stop(self) -> None:
        self._stopping.set()

    async def _publish(self, producer: AIOKafkaProducer) -> None:
        while not self._stopping.is_set():
            sent = [
                await producer.send(
                    INPUT,
                    self.extra.pop() if self.extra else b"",
                    key=b"key-%d" % self._chance.randrange(KEYS),
                    partition=self._chance.randrange(PARTITIONS),
                )
                for _ in range(self._chance.randint(1, 20))
            ]
            await asyncio.gather(*sent)
            await asyncio.sleep(self._chance.expovariate(1 / self._pause_s))


async def caught_up(servers: str) -> None:
    """Wait until the group's committed offsets are the input's ends."""
    addresses = [TopicPartition(INPUT, number) for number in range(PARTITIONS)]
    async with asyncio.timeout(WAIT_S):
        while True:
            async with AIOKafkaConsumer(bootstrap_servers=servers) as consumer:
                ends = await consumer.end_offsets(addresses)
            admin = AIOKafkaAdminClient(bootstrap_servers=servers)
            await admin.start()
            committed = await admin.list_consumer_group_offsets(APPLICATION, partitions=addresses)
            await admin.close()
            if all(committed[each].offset == ends[each] for each in addresses):
                return
            await asyncio.sleep(0.2)


async def read_all(servers: str, topic: str) -> dict[int, list[tuple[int, bytes, bytes, str]]]:
    """Return offset, key, value and id of every committed record, by partition."""
    found: dict[int, list[tuple[int, bytes, bytes, str]]] = defaultdict(list)
    addresses = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    consumer.assign(addresses)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(addresses)
        async with asyncio.timeout(WAIT_S):
            while any([await consumer.position(each) < ends[each] for each in addresses]):
                for address, records in (await consumer.getmany(timeout_ms=100)).items():
                    for record in records:
                        name = dict(record.headers).get("ce_id", b"").decode()
                        found[address.partition].append(
                            (record.offset, record.key, record.value, name)
                        )
    finally:
        await consumer.stop()
    return found


async def judge(servers: str) -> int:
    """Recount the input and compare it with verdicts and rows; return how many events it had."""
    inputs = await read_all(servers, INPUT)
    verdicts = await read_all(servers, OUTPUT)
    rows = await read_all(servers, CHANGELOG)
    for number in range(PARTITIONS):
        counts: Counter[bytes] = Counter()
        expected: list[tuple[bytes, bytes, str]] = []
        for offset, key, _value, _name in inputs[number]:
            counts[key] += 1
            expected.append((key, b"%d" % counts[key], f"{INPUT}/{number}/{offset}/0"))
        assert [(key, value, name) for _, key, value, name in verdicts[number]] == expected
        last = {key: value for _, key, value, _ in rows[number] if not key.startswith(b"\x00")}
        assert last == {key: b"%d" % count for key, count in counts.items()}
    return sum(len(each) for each in inputs.values())
