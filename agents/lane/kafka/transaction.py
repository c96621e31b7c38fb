"""A transaction on Kafka: encoded record batches, and the requests that commit them.

Owns the order of a transaction's requests. What is committed is told to the session's rows.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# ruff: noqa: ANN401

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced, RecordListTooLargeError

from agents.lane.kafka.client import words
from agents.lane.kafka.transactional import begin_transaction, retrieve
from agents.lane.kafka.writing import BatchWriter
from agents.lane.latest import LatestByTopic, merge_latest, to_write
from agents.lane.log import LogFailure, LogRefusal
from agents.lane.port import BatchResult

if TYPE_CHECKING:
    from agents.lane.kafka.session import KafkaSession


class KafkaComposition:
    """A transaction's record batches, filled result by result; a `Composition`."""

    def __init__(self, session: "KafkaSession", changelog_topic: str) -> None:
        """See `KafkaSession.compose`."""
        self._session = session
        self._changelog_topic = changelog_topic
        self._now_ms = int(time.time() * 1000)
        self._outputs: dict[str, BatchWriter] = {}
        self._rows: dict[bytes, bytes | None] = {}
        self._latest: LatestByTopic = {}

    def add(self, result: BatchResult) -> None:
        """See `Composition`."""
        for topic, records in result.outgoing.items():
            self._writer(topic).write(records)
        self._rows.update(result.rows)
        merge_latest(self._latest, result.latest)

    def complete(self, reserved: Mapping[bytes, bytes], next_offset: int) -> "KafkaTransaction":
        """See `Composition`."""
        for topic, by_key in self._latest.items():
            self._writer(topic).write(to_write(by_key))
        rows = self._rows
        rows.update(reserved)
        self._writer(self._changelog_topic).write((key, row, ()) for key, row in rows.items())
        batches = {topic: writer.finish() for topic, writer in self._outputs.items()}
        return KafkaTransaction(self._session, batches, rows, next_offset)

    def _writer(self, topic: str) -> BatchWriter:
        writer = self._outputs.get(topic)
        if writer is None:
            writer = BatchWriter(self._session.producer.create_batch, self._now_ms)
            self._outputs[topic] = writer
        return writer


class KafkaTransaction:
    """A transaction's record batches, ready to send; a `Transaction`."""

    def __init__(
        self,
        session: "KafkaSession",
        batches: Mapping[str, Sequence[Any]],
        rows: Mapping[bytes, bytes | None],
        next_offset: int,
    ) -> None:
        """Keep what `KafkaComposition.complete` made."""
        self._session = session
        self._batches = batches
        self._rows = rows
        self._next_offset = next_offset

    async def commit(self) -> None:
        """See `Transaction`."""
        session = self._session
        try:
            changelog_offset = await self._write_and_commit()
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            raise LogRefusal(words(error)) from error
        except ProducerFenced as error:
            raise LogFailure("fenced: another worker has opened this partition") from error
        except Exception as error:
            # aiokafka asserts and raises much in the middle of a transaction; whatever it is, the
            # outcome is unknown and the producer is done.
            raise LogFailure(f"transaction failed: {words(error)}") from error
        if session.doubtful:
            raise LogFailure("a transactional request was lost and sent again")
        session.rows.keep(self._rows, changelog_offset)

    async def _write_and_commit(self) -> int | None:
        """Do so, and return the changelog's offset behind the rows, if the broker said it."""
        session = self._session
        producer = session.producer
        await begin_transaction(producer)
        session.in_transaction = True
        acknowledgements: list[asyncio.Future[Any]] = []
        last_rows: tuple[Any, Any] | None = None
        # All topics' first batches enter the transaction by one request, the second ones follow
        # when those are on their way, and so on: a partition has one batch at a time.
        for batches in zip_longest(*self._batches.values()):
            for topic, batch in zip(self._batches, batches, strict=True):
                if batch is not None:
                    acknowledgement = await producer.send_batch(
                        batch, topic, partition=session.partition.number
                    )
                    acknowledgements.append(retrieve(acknowledgement))
                    if topic == session.changelog.topic:
                        last_rows = acknowledgement, batch
        # Waited for without cancelling any: aiokafka's futures complain when nobody looks.
        await asyncio.wait(acknowledgements, return_when=asyncio.FIRST_EXCEPTION)
        for acknowledgement in acknowledgements:
            acknowledgement.result()
        # Only now: while a transaction takes up a group, brokers refuse its records for a moment
        # (as "not enough replicas"), and aiokafka would try those again 0.1 s later.
        offsets = {TopicPartition(*session.partition): self._next_offset}
        await producer.send_offsets_to_transaction(offsets, session.group_id)
        await producer.commit_transaction()
        session.in_transaction = False
        return None if last_rows is None else _end_of(*last_rows)


def _end_of(acknowledgement: Any, batch: Any) -> int | None:
    """The offset behind a batch; None where the broker's answer does not say it."""
    base_offset: int = acknowledgement.result().offset
    # A batch that was sent twice, because its first answer was lost, may have none.
    return None if base_offset < 0 else base_offset + batch.record_count()
