"""The pulse of each partition: an event every so often, and how long its verdict was waited for.

A pause is what a backend would feel: from the moment at which an event was due to be sent until a
`read_committed` reader has its verdict. What is sent does not wait for what was sent before, so a
partition that stands still is not forgiven, and holds up no other one.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.bench.event_records import event_record
from deploy.bench.phone_history import PhoneHistory
from deploy.records.partitioner import partition_of
from deploy.records.publisher import KeyedRecord
from schemas.topics import DEVICE_EVENTS, VERDICTS
from tests.auditor.records import RawRecord
from tests.faults.load import Acknowledged

EVERY_S = 0.1
"""Between two events of a partition, and so how exact a pause is."""

_PHONES = 600
_SETTLED_S_MAX = 300.0
_UNTIL_SETTLED_S = 0.1
_CONFIRMED_MS_MAX = 180_000
_METADATA_MS = 2_000

Place = tuple[int, int]
"""Partition and offset of an input record."""


class Pulse:
    """Events and verdicts by their place in the input; `pulsing` starts one."""

    def __init__(self, servers: str, partitions: int, acknowledged: list[Acknowledged]) -> None:
        self._servers = servers
        self._partitions = partitions
        self._acknowledged = acknowledged
        self._sent_s: dict[Place, float] = {}
        self._seen_s: dict[Place, float] = {}
        self._unconfirmed: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def settled(self) -> None:
        """Wait until every event that is confirmed by now has its verdict, and those before it."""
        asked_for = set(self._sent_s)
        pending = [*self._unconfirmed]
        async with asyncio.timeout(_SETTLED_S_MAX):
            await asyncio.gather(*pending)
            while not asked_for <= self._seen_s.keys():  # noqa: ASYNC110 - a reader tells later
                await asyncio.sleep(_UNTIL_SETTLED_S)

    def pauses_s(self, since_s: float) -> list[float]:
        """The longest wait of each partition's events that were due since then (monotonic)."""
        longest = [0.0] * self._partitions
        for place, sent_s in self._sent_s.items():
            if sent_s >= since_s and place in self._seen_s:
                partition, _offset = place
                waited_s = self._seen_s[place] - sent_s
                longest[partition] = max(longest[partition], waited_s)
        return longest

    async def publish(self, seed: int) -> None:
        """Send events until stopped, then return when all are confirmed."""
        async with AIOKafkaProducer(
            bootstrap_servers=self._servers,
            enable_idempotence=True,
            request_timeout_ms=_CONFIRMED_MS_MAX,
            metadata_max_age_ms=_METADATA_MS,
        ) as producer:
            feeds = [_events(seed, number, self._partitions) for number in range(self._partitions)]
            while not self._stopping.is_set():
                for number, feed in enumerate(feeds):
                    sending = asyncio.create_task(self._send(producer, number, next(feed)))
                    self._unconfirmed.add(sending)
                    sending.add_done_callback(self._unconfirmed.discard)
                await asyncio.sleep(EVERY_S)
            await asyncio.gather(*self._unconfirmed)

    async def _send(self, producer: AIOKafkaProducer, number: int, record: KeyedRecord) -> None:
        due_s, due_ms = time.monotonic(), int(time.time() * 1000)
        sent = await producer.send_and_wait(
            DEVICE_EVENTS,
            record.value,
            key=record.key,
            partition=number,
            timestamp_ms=due_ms,
            headers=list(record.headers),
        )
        place = sent.partition, sent.offset
        self._sent_s[place] = due_s
        raw = RawRecord(DEVICE_EVENTS, *place, due_ms, record.key, record.value, record.headers)
        self._acknowledged.append(Acknowledged(*place, int(time.time() * 1000), raw))

    def stop(self) -> None:
        self._stopping.set()

    async def listen(self) -> None:
        """Note when verdicts can be read, until cancelled; brokers that are away are waited for."""
        async with AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            metadata_max_age_ms=_METADATA_MS,
        ) as consumer:
            consumer.assign([TopicPartition(VERDICTS, each) for each in range(self._partitions)])
            while True:
                with suppress(KafkaError):
                    polled = await consumer.getmany(timeout_ms=100)
                    now_s = time.monotonic()
                    for records in polled.values():
                        for record in records:
                            self._seen_s[answered(record.headers)] = now_s


@asynccontextmanager
async def pulsing(
    servers: str, partitions: int, acknowledged: list[Acknowledged], *, seed: int
) -> AsyncGenerator[Pulse]:
    """Feel the pulse of every partition as long as the block runs; all that is sent is confirmed.

    Args:
        servers: where clients connect first.
        partitions: of the input.
        acknowledged: gets what brokers have confirmed.
        seed: decides the events.
    """
    pulse = Pulse(servers, partitions, acknowledged)
    listening = asyncio.create_task(pulse.listen())
    publishing = asyncio.create_task(pulse.publish(seed))
    try:
        yield pulse
        pulse.stop()
        await publishing
    finally:
        for task in (listening, publishing):
            task.cancel()
        await asyncio.gather(listening, publishing, return_exceptions=True)


def _events(seed: int, number: int, partitions: int) -> Iterator[KeyedRecord]:
    """The events of a crowd of phones that go to a partition, without end."""
    history = PhoneHistory(seed=seed, devices=_PHONES)
    for reports in (history.enrollments(), history.events()):
        for report in reports:
            if partition_of(report.device_id.encode(), partitions) == number:
                yield event_record(report, at_ms=int(time.time() * 1000))


def answered(headers: list[tuple[str, bytes]]) -> Place:
    """The place of the event that a verdict answers, from the verdict's id."""
    name = next(value.decode() for key, value in headers if key == "ce_id")
    _topic, partition, offset, _index = name.split("/")
    return int(partition), int(offset)
