"""Feels how long a partition stands still: one event after another, and when its verdict is there.

Each partition has a publisher of its own, which does not wait for verdicts. Verdicts of a partition
come in the order of its events, one each, which is checked; so the n-th answers the n-th.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from agents.lane.port import Partition
from deploy.bench.event_records import event_record
from deploy.bench.kafka_client import BatchProducer
from deploy.bench.phone_history import PhoneHistory
from deploy.bench.prefill import input_ends
from deploy.bench.verdict_audit import VerdictAudit
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from deploy.records.publisher import KeyedRecord
from deploy.records.reader import Polled, TopicReader
from events.errors import BiolatchError, TransientFailure
from schemas.topics import Topology

EVERY_S: Final = 0.05
"""Between two events of a partition, and so how exact a pause is."""

_POLL_WAIT_S: Final = 0.2
_WAIT_S_MAX: Final = 120.0
_PHONES: Final = 2000


class Probe:
    """Events and verdicts by partition; `probing` starts one."""

    def __init__(self, partitions: int) -> None:
        """Begin with nothing sent."""
        self._sent_s: Final[list[list[float]]] = [[] for _ in range(partitions)]
        self._seen_s: Final[list[list[float]]] = [[] for _ in range(partitions)]
        self._news: Final = asyncio.Event()
        self._failure: BiolatchError | None = None

    def note_sent(self, number: int, *, at_s: float) -> None:
        """An event goes to this partition."""
        self._sent_s[number].append(at_s)

    def note_seen(self, number: int, count: int, *, at_s: float) -> None:
        """So many verdicts have come from this partition."""
        self._seen_s[number] += [at_s] * count
        self._news.set()

    async def caught_up(self) -> None:
        """Return when everything that is sent by now has its verdict.

        Raises:
            InvariantBroken: a verdict was missing, repeated or out of place.
            TransientFailure: that took too long.
        """
        sent = [(number, len(each)) for number, each in enumerate(self._sent_s)]
        try:
            async with asyncio.timeout(_WAIT_S_MAX):
                while any(len(self._seen_s[number]) < count for number, count in sent):
                    self._news.clear()
                    await self._news.wait()
                    if self._failure is not None:
                        raise self._failure
        except TimeoutError:
            raise TransientFailure(
                "bench.verdicts-missing", f"verdicts did not come within {_WAIT_S_MAX:.0f} s"
            ) from None

    def pause_s(self, partitions: Collection[int], since_s: float) -> float:
        """The longest wait of an event that was sent to these partitions since then (monotonic)."""
        waits = [
            seen - sent
            for number in partitions
            for sent, seen in zip(self._sent_s[number], self._seen_s[number], strict=False)
            if sent >= since_s
        ]
        return max(waits, default=0.0)

    async def publish(
        self, producer: BatchProducer, number: int, records: Iterator[KeyedRecord]
    ) -> None:
        """Send an event to this partition again and again."""
        for record in records:
            self.note_sent(number, at_s=time.monotonic())
            await producer.publish(number, [record])
            await asyncio.sleep(EVERY_S)

    async def listen(
        self, reader: TopicReader, verdicts: list[Partition], audit: VerdictAudit
    ) -> None:
        """Note when verdicts appear, until one is not in its place."""
        try:
            while True:
                polled = await reader.poll(verdicts, key=None, wait_s=_POLL_WAIT_S)
                self._note(polled, audit, now_s=time.monotonic())
        except BiolatchError as error:
            self._failure = error
            self._news.set()

    def _note(
        self, polled: Mapping[Partition, Polled], audit: VerdictAudit, *, now_s: float
    ) -> None:
        for partition, found in polled.items():
            for record in found.records:
                audit.take(record)
            self.note_seen(partition.number, len(found.records), at_s=now_s)


@asynccontextmanager
async def probing(bootstrap_servers: str, topics: Topology, *, seed: int) -> AsyncGenerator[Probe]:
    """Probe every partition as long as the block runs; the input must have been read before."""
    async with (
        TopicReader(Connection(bootstrap_servers=bootstrap_servers)) as reader,
        BatchProducer(bootstrap_servers, topics.device_events.name) as producer,
    ):
        verdicts = await reader.partitions(topics.verdicts.name)
        spans = await reader.spans(verdicts)
        reader.start({partition: span.end for partition, span in spans.items()})
        probe = Probe(len(verdicts))
        audit = VerdictAudit(
            topics.device_events.name, await input_ends(reader, topics.device_events.name)
        )
        tasks = [
            asyncio.ensure_future(probe.listen(reader, verdicts, audit)),
            *(
                asyncio.ensure_future(
                    probe.publish(producer, number, _events(seed, number, len(verdicts)))
                )
                for number in range(len(verdicts))
            ),
        ]
        try:
            yield probe
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _events(seed: int, number: int, partitions: int) -> Iterator[KeyedRecord]:
    """The events of a crowd of phones that go to a partition, without end."""
    history = PhoneHistory(seed=seed, devices=_PHONES)
    for reports in (history.enrollments(), history.events()):
        for report in reports:
            if partition_of(report.device_id.encode(), partitions) == number:
                yield event_record(report, at_ms=int(time.time() * 1000))
