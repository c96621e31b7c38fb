"""What a stream is to be told, in order, from where its receiver has got to.

Owns the reading of decisions (and of verdicts, where the stream carries what follows from them) and
the stream's own position, which is the committed offset of a consumer group of its own. Must never
commit a record before all of its tokens are done. What is held for a stream lies in Kafka, so it
outlives every process, and is held as long as the topics keep it.
"""

# aiokafka has no types: what comes from it is Any, in this package's adapters only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from agents.signals.input_order import InputOrder, place_of
from agents.signals.stream_store import Client, StreamStore
from agents.signals.streams import Stream
from agents.signals.tokens import Token, TokenMaker
from events.errors import MalformedInput, TransientFailure
from schemas.output_records import OutputEvent, read_output
from schemas.topics import TopicName

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_WAIT_MS: Final = 200
_RECORDS_MAX: Final = 500


class FeedRecord(NamedTuple):
    """A record that was read, and what the stream's receiver is told of it.

    Attributes:
        address: its topic and partition.
        offset: where it lies.
        tokens: in order; often none.
    """

    address: TopicPartition
    offset: int
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSource:
    """What all feeds of a process have in common.

    Attributes:
        client: arguments of every Kafka client.
        application: begins the names of groups.
        membership: arguments of a consumer that is a member of a group.
        decisions, verdicts: the topics.
        partitions: of each of them.
        maker: turns outputs into tokens.
        store: the streams.
    """

    client: Client
    application: str
    membership: Client
    decisions: TopicName
    verdicts: TopicName
    partitions: int
    maker: TokenMaker
    store: StreamStore

    def group(self, stream_id: str) -> str:
        """The consumer group that has a stream's position."""
        return f"{self.application}-signals-{stream_id}"


class Feed:
    """One stream's records, by partition number; see `open_feed`."""

    def __init__(self, source: FeedSource, stream: Stream, consumer: Any) -> None:  # noqa: ANN401 - untyped
        """Read with a consumer of the stream's group."""
        self._source: Final = source
        self._stream: Final = stream
        self._consumer: Final = consumer
        self._merges: Final = source.maker.reads_verdicts(stream)
        self._orders: defaultdict[int, InputOrder[FeedRecord]] = defaultdict(InputOrder)
        self._done: dict[TopicPartition, int] = {}

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that are ours to deliver now."""
        return frozenset(address.partition for address in self._consumer.assignment())

    async def begin(self, addresses: Iterable[TopicPartition]) -> None:
        """Read these from where the stream has got to, or from where it begins."""
        self._orders.clear()
        self._done.clear()
        for address in addresses:
            begins = self._stream.begins_at.get(address.topic, [])
            first = begins[address.partition] if address.partition < len(begins) else 0
            committed: int | None = await self._consumer.committed(address)
            self._consumer.seek(address, max(first, committed or 0))

    async def committed(self) -> Mapping[TopicPartition, int]:
        """How far the stream's receiver has got, as all processes see it."""
        return {
            address: await self._consumer.committed(address) or 0
            for address in self._consumer.assignment()
        }

    async def read(self) -> Mapping[int, Sequence[FeedRecord]]:
        """What is there now, in order, by partition number; waits a moment for a first record."""
        fetched = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=_RECORDS_MAX)
        released: defaultdict[int, list[FeedRecord]] = defaultdict(list)
        for address, records in fetched.items():
            for record in records:
                self._take(address, record, released[address.partition])
        if self._merges:
            await self._release(released)
        return {number: records for number, records in released.items() if records}

    def _take(self, address: TopicPartition, record: Any, released: list[FeedRecord]) -> None:  # noqa: ANN401 - untyped
        event = _read(address, record)
        stream = self._source.store.get(self._stream.stream_id)
        tokens: tuple[Token, ...] = ()
        if event is not None and stream is not None:
            tokens = self._source.maker.tokens(stream, event, self._source.store)
        item = FeedRecord(address, record.offset, tokens)
        if not self._merges:
            released.append(item)
            return
        place = None if event is None else place_of(event.event_id)
        is_verdict = address.topic == self._source.verdicts
        self._orders[address.partition].take(place, item, is_verdict=is_verdict)

    async def _release(self, released: dict[int, list[FeedRecord]]) -> None:
        for number, order in self._orders.items():
            decisions = TopicPartition(self._source.decisions, number)
            if decisions not in self._consumer.assignment():
                continue
            if order.wants_end:
                ends = await self._consumer.end_offsets([decisions])
                order.decisions_end(ends[decisions])
            order.decisions_read_to(await self._consumer.position(decisions))
            released.setdefault(number, []).extend(order.release())

    def pause(self, number: int) -> None:
        """Read nothing of a partition until `resume`."""
        self._consumer.pause(*self._addresses(number))

    def resume(self, number: int) -> None:
        """Read the partition again."""
        self._consumer.resume(*self._addresses(number))

    def _addresses(self, number: int) -> list[TopicPartition]:
        return [each for each in self._consumer.assignment() if each.partition == number]

    def done(self, record: FeedRecord) -> None:
        """All tokens of a record are done, and of all records before it in its partition."""
        self._done[record.address] = record.offset + 1

    async def commit(self) -> None:
        """Keep the position of what is done; one that is lost is repeated, and does no harm."""
        done, self._done = self._done, {}
        if not done:
            return
        try:
            await self._consumer.commit(done)
        except (CommitFailedError, IllegalStateError):
            # The partition is somebody else's meanwhile, who begins at what was committed before.
            _logger.info("signals.commit-too-late", stream=self._stream.stream_id)
        except KafkaError:
            self._done = done | self._done
            raise


@asynccontextmanager
async def open_feed(
    source: FeedSource, stream: Stream, listener: ConsumerRebalanceListener | None = None
) -> AsyncGenerator[Feed]:
    """A feed of the partitions that the group gives us, or without a listener of all of them.

    Raises:
        TransientFailure: Kafka fails us, at any time within.
    """
    consumer = AIOKafkaConsumer(
        **source.client,
        **source.membership,
        group_id=source.group(stream.stream_id),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # The same numbers of both topics have to be in one hand.
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    feed = Feed(source, stream, consumer)
    topics = [source.decisions]
    if source.maker.reads_verdicts(stream):
        topics.append(source.verdicts)
    try:
        await consumer.start()
        if listener is not None:
            consumer.subscribe(topics, listener=listener)
        else:
            addresses = [
                TopicPartition(topic, number)
                for topic in topics
                for number in range(source.partitions)
            ]
            consumer.assign(addresses)
            await feed.begin(addresses)
        yield feed
    except KafkaError as error:
        raise TransientFailure("signals.feed-failed", type(error).__name__) from error
    finally:
        with suppress(KafkaError):
            await consumer.stop()


def _read(address: TopicPartition, record: Any) -> OutputEvent | None:  # noqa: ANN401 - untyped
    try:
        return read_output(record.value, record.headers)
    except MalformedInput as error:
        _logger.error(  # noqa: TRY400 - the record's fault has no stack trace
            "signals.unreadable",
            topic=address.topic,
            partition=address.partition,
            offset=record.offset,
            code=error.code,
        )
        return None
