"""The streams of all receivers: a compacted topic, and a view of it in memory.

Owns what any process of the transmitter knows. Whoever writes sees its own change when the call
returns; others see it within milliseconds. Must never answer before it has read the topic to its
end. The topic holds receivers' authorization headers: nobody but the transmitter reads it.
"""

# aiokafka has no types: what comes from it is Any, in this package's adapters only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, assert_never

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from agents.signals.streams import (
    Kind,
    RemovedSubject,
    Stored,
    StoredKey,
    Stream,
    Verification,
    decode_key,
    decode_stored,
    encode_stored,
    subject_key,
)
from events.errors import TransientFailure
from schemas.named_subjects import SubjectDigests, is_about
from schemas.topics import TopicName

_PARTITION: Final = 0
"""Where all of it is written: a key then has one last record, however many partitions there are."""

_READ_MS: Final = 500
_SEEN_WAIT_S: Final = 10.0

Client = Mapping[str, Any]
"""Arguments that every Kafka client of the process is made with."""


class StreamStore:
    """All streams, removed subjects and verifications that are to be delivered."""

    def __init__(self, consumer: Any, producer: Any, topic: TopicName) -> None:  # noqa: ANN401 - untyped
        """Use started clients; see `open_stream_store`."""
        self._consumer: Final = consumer
        self._producer: Final = producer
        self._topic: Final = topic
        self._streams: Final[dict[str, Stream]] = {}
        self._removed: Final[defaultdict[str, dict[str, SubjectDigests]]] = defaultdict(dict)
        self._verifications: Final[defaultdict[str, dict[str, Verification]]] = defaultdict(dict)
        self._positions: Final[dict[int, int]] = {}
        self._changed: asyncio.Event = asyncio.Event()

    def get(self, stream_id: str) -> Stream | None:
        """The stream of that id; None where there is none."""
        return self._streams.get(stream_id)

    def all(self) -> tuple[Stream, ...]:
        """Every stream, by id."""
        return tuple(self._streams[stream_id] for stream_id in sorted(self._streams))

    def verifications(self, stream_id: str) -> tuple[Verification, ...]:
        """What is still to be delivered, in the order in which it was asked for."""
        waiting = self._verifications.get(stream_id, {}).values()
        return tuple(sorted(waiting, key=lambda each: (each.asked_ms, each.verification_id)))

    def is_removed(self, stream_id: str, subject: SubjectDigests) -> bool:
        """Whether the receiver has removed the subject of an event from its stream."""
        named = self._removed.get(stream_id, {})
        return any(is_about(subject, each) for each in named.values())

    def removed_count(self, stream_id: str) -> int:
        """How many subjects a stream's receiver has removed."""
        return len(self._removed.get(stream_id, ()))

    def changed(self) -> asyncio.Event:
        """An event that is set at the next change of anything."""
        return self._changed

    async def put(self, stream: Stream) -> None:
        """Keep a stream as it is from now on; see `_write`."""
        await self._write(StoredKey(Kind.STREAM, stream.stream_id), stream)

    async def delete(self, stream_id: str) -> None:
        """Forget a stream and all that belongs to it; see `_write`."""
        for name in [*self._removed.get(stream_id, ())]:
            await self._write(StoredKey(Kind.SUBJECT, stream_id, name), None)
        for name in [*self._verifications.get(stream_id, ())]:
            await self._write(StoredKey(Kind.VERIFICATION, stream_id, name), None)
        await self._write(StoredKey(Kind.STREAM, stream_id), None)

    async def remove_subject(self, stream_id: str, subject: SubjectDigests) -> None:
        """Send no more events about a subject on a stream; see `_write`."""
        value = RemovedSubject(digests=dict(subject))
        await self._write(subject_key(stream_id, subject), value)

    async def add_subject(self, stream_id: str, subject: SubjectDigests) -> None:
        """Undo `remove_subject` of the same subject; see `_write`."""
        key = subject_key(stream_id, subject)
        if key.name in self._removed.get(stream_id, {}):
            await self._write(key, None)

    async def ask_verification(self, stream_id: str, verification: Verification) -> None:
        """Keep a verification until it was delivered; see `_write`."""
        key = StoredKey(Kind.VERIFICATION, stream_id, verification.verification_id)
        await self._write(key, verification)

    async def verified(self, stream_id: str, verification_id: str) -> None:
        """A verification was delivered; see `_write`."""
        if verification_id in self._verifications.get(stream_id, {}):
            await self._write(StoredKey(Kind.VERIFICATION, stream_id, verification_id), None)

    async def _write(self, key: StoredKey, value: Stored | None) -> None:
        """Write, and return when this process sees it.

        Raises:
            TransientFailure: the broker did not take it, or it may be there and was not seen.
        """
        content = None if value is None else encode_stored(value)
        try:
            sent = await self._producer.send_and_wait(
                self._topic, content, key=key.encoded(), partition=_PARTITION
            )
        except KafkaError as error:
            raise TransientFailure("signals.not-written", f"{type(error).__name__}") from error
        await self._until(lambda: self._positions.get(sent.partition, 0) > sent.offset)

    async def _until(self, seen: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(_SEEN_WAIT_S):
                while not seen():
                    await self._changed.wait()
        except TimeoutError:
            raise TransientFailure("signals.not-seen", "a change is not read back") from None

    async def follow(self) -> None:
        """Read changes for ever.

        Raises:
            InvariantBroken: what is there cannot be read.
        """
        while True:
            fetched = await self._consumer.getmany(timeout_ms=_READ_MS)
            self.take(fetched)

    def take(self, fetched: Mapping[Any, Any]) -> None:
        """Apply records that were read, by partition."""
        for partition, records in fetched.items():
            for record in records:
                self._apply(decode_key(record.key), record.value)
            self._positions[partition.partition] = records[-1].offset + 1
        if fetched:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def _apply(self, key: StoredKey, value: bytes | None) -> None:
        if value is None:
            self._forget(key)
            return
        stored = decode_stored(key.kind, value)
        match stored:
            case Stream() as stream:
                self._streams[key.stream_id] = stream
            case RemovedSubject(digests=digests):
                self._removed[key.stream_id][key.name] = digests
            case Verification() as verification:
                self._verifications[key.stream_id][key.name] = verification
            case _:
                assert_never(stored)

    def _forget(self, key: StoredKey) -> None:
        match key.kind:
            case Kind.STREAM:
                self._streams.pop(key.stream_id, None)
            case Kind.SUBJECT:
                self._removed[key.stream_id].pop(key.name, None)
            case Kind.VERIFICATION:
                self._verifications[key.stream_id].pop(key.name, None)
            case _:
                assert_never(key.kind)


@asynccontextmanager
async def open_stream_store(
    client: Client, topic: TopicName, partitions: int
) -> AsyncGenerator[StreamStore]:
    """The store, read to its end; `follow` has to run beside whatever uses it.

    Raises:
        TransientFailure: the topic cannot be read now.
        InvariantBroken: what is there cannot be read.
    """
    producer = AIOKafkaProducer(**client, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        **client, isolation_level="read_committed", enable_auto_commit=False
    )
    try:
        await producer.start()
        await consumer.start()
        addresses = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(addresses)
        await consumer.seek_to_beginning(*addresses)
        store = StreamStore(consumer, producer, topic)
        ends = await consumer.end_offsets(addresses)
        for address, end in ends.items():
            while await consumer.position(address) < end:
                store.take(await consumer.getmany(timeout_ms=_READ_MS))
        yield store
    except KafkaError as error:
        raise TransientFailure("signals.streams-unreadable", type(error).__name__) from error
    finally:
        await consumer.stop()
        await producer.stop()
