"""The load of a campaign: one random history, told by several publishers at once.

Publishers take bursts of it in turn and do not always wait for each other, so that a device's
events sometimes change places on the way. A burst that nobody confirms is sent again.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import DEVICE_EVENTS
from tests.auditor.records import RawRecord
from tests.faults.campaign_size import COUNTS
from tests.property.history import endless

PUBLISHERS = 3
DEVICES = 30
_BURST_MAX = 40
_OVERTAKEN_SHARE = 0.15
_REQUEST_MS_MAX = 5000


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An event that the broker has confirmed, and when."""

    partition: int
    offset: int
    at_ms: int
    record: RawRecord


class Load:
    """Publishes until it is stopped, whether a broker is there or not.

    Attributes:
        acknowledged: what the broker has confirmed.
        sent_again: how many events were sent a second time because nobody knew.
        burst_pause_s: between two bursts of events on average; to be changed at any time.
    """

    def __init__(self, servers: list[str], seed: int, *, partitions: int) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.sent_again = 0
        self.burst_pause_s = COUNTS.burst_pause_s
        self._servers = servers
        self._chance = random.Random(seed)
        self._stopping = asyncio.Event()
        self._history: Iterator[tuple[RawRecord, str | None]] = endless(
            seed=seed,
            devices=DEVICES,
            malformed_share=0.03,
            structured_share=0.1,
            retried_share=0.05,
            wild_share=0.05,
            partitions=partitions,
        )

    async def run(self) -> None:
        """Publish, a burst at a time."""
        publishers = [_Publisher(self, servers) for servers in self._servers]
        overtaken: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping.is_set():
                size = self._chance.randint(1, _BURST_MAX)
                burst = [record for record, _ in islice(self._history, size)]
                sending = asyncio.create_task(self._chance.choice(publishers).send(burst))
                if self._chance.random() < _OVERTAKEN_SHARE:
                    overtaken.add(sending)
                    sending.add_done_callback(overtaken.discard)
                else:
                    await sending
                await asyncio.sleep(self._chance.expovariate(1 / self.burst_pause_s))
            await asyncio.gather(*overtaken)
        finally:
            for sending in overtaken:
                sending.cancel()
            for publisher in publishers:
                await publisher.close()

    def stop(self) -> None:
        """Let `run` end when all that it has begun is confirmed."""
        self._stopping.set()


class _Publisher:
    """One backend: an idempotent producer, made anew when it is at its wit's end."""

    def __init__(self, load: Load, servers: str) -> None:
        self._load = load
        self._servers = servers
        self._producer: AIOKafkaProducer | None = None
        self._busy = asyncio.Lock()

    async def send(self, burst: list[RawRecord]) -> None:
        """Return when every event is confirmed."""
        async with self._busy:
            left, attempts = burst, 0
            while left:
                self._load.sent_again += len(left) if attempts else 0
                attempts += 1
                try:
                    left = await self._confirmed(await self._started(), left)
                except KafkaError:
                    await asyncio.sleep(0.2)
                if left:
                    await self.close()

    async def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers,
                enable_idempotence=True,
                request_timeout_ms=_REQUEST_MS_MAX,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _confirmed(
        self, producer: AIOKafkaProducer, burst: list[RawRecord]
    ) -> list[RawRecord]:
        """Send and return what was not confirmed."""
        sent = [
            await producer.send(
                DEVICE_EVENTS,
                record.value,
                key=record.key,
                partition=record.partition,
                timestamp_ms=record.timestamp_ms,
                headers=list(record.headers),
            )
            for record in burst
        ]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        now_ms = int(time.time() * 1000)
        left: list[RawRecord] = []
        for record, answer in zip(burst, answers, strict=True):
            if isinstance(answer, BaseException):
                left.append(record)
            else:
                place = (answer.partition, answer.offset)
                self._load.acknowledged.append(Acknowledged(*place, now_ms, record))
        return left
