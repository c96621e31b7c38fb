"""How a worker reaches Kafka, and what all its lanes ask of it together.

Owns the options of every client. Must never write: only a fenced session does.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false

import asyncio
import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)

from agents.lane.kafka.refusal import Reach, why_refused
from agents.lane.kafka.security import PLAINTEXT, Security
from agents.lane.log import LogFailure
from agents.lane.port import Partition

_START_GRACE_S = 1.0
_ASK_WHY_S = 1.0

NOT_ALLOWED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
"""What aiokafka raises where the cluster's ACLs do not allow a request."""


class AccessRefused(LogFailure):
    """Brokers answer, and will not have this process as it is; trying again changes nothing."""


class NotAllowed(LogFailure):
    """The cluster's ACLs do not let this process do what it tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """How a worker's clients reach and use Kafka.

    Attributes:
        bootstrap_servers: `host:port`, several separated by commas.
        client_id: names the worker in the broker's logs and quotas.
        group_id: the consumer group whose offsets follow the lanes.
        transactional_prefix: transactional ids are this, the input topic and the partition.
        changelog_topic: rows and positions, partitioned like the input.
        request_timeout_s: a single request; longer ones count as lost.
        transaction_timeout_s: the broker aborts a transaction that is open for longer.
        close_s_max: what closing a producer in order may take; then it is torn down.
        compression: of record batches: `lz4`, `zstd`, `snappy`, `gzip` or None.
        security: how brokers and worker prove to each other who they are.
    """

    bootstrap_servers: str
    client_id: str
    group_id: str
    transactional_prefix: str
    changelog_topic: str
    request_timeout_s: float
    transaction_timeout_s: float
    close_s_max: float
    compression: str | None
    security: Security = PLAINTEXT

    def client(self) -> dict[str, Any]:
        """Return what every client is made with."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "request_timeout_ms": int(self.request_timeout_s * 1000),
            **self.security.client(),
        }


@contextmanager
def log_failures(doing: str) -> Generator[None]:
    """Raise what aiokafka and the network raise as `LogFailure`, with what was being done."""
    try:
        yield
    except NOT_ALLOWED as error:
        raise NotAllowed(f"{doing}: {words(error)}") from error
    except (KafkaError, OSError) as error:
        raise LogFailure(f"{doing}: {words(error)}") from error


def is_unreachable(error: BaseException | None) -> bool:
    """Whether the error says that no broker could be reached."""
    return isinstance(error, (KafkaConnectionError, OSError))


def words(error: BaseException) -> str:
    """Say what went wrong; many of aiokafka's errors have no text but their name."""
    return str(error) or type(error).__name__


async def start_client(client: Any, reach: Reach) -> None:  # noqa: ANN401 - aiokafka's, untyped
    """Start an aiokafka client; one that is cancelled meanwhile gets a moment to finish.

    A client that is cancelled on its first connection forgets that connection, open.

    Raises:
        AccessRefused: a broker answers, and does not let this process in.
        aiokafka.errors.KafkaError: it could not be started.
    """
    began_s = time.monotonic()
    starting = asyncio.ensure_future(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting}, timeout=_START_GRACE_S)
        if not starting.cancel() and not starting.cancelled():
            starting.exception()  # seen, and of no interest any more
        raise
    except (KafkaConnectionError, OSError) as error:
        # Brokers that let a request time out are away, most likely, and would do so again.
        was_slow = time.monotonic() - began_s >= reach.request_timeout_s
        reason = await why_refused(reach, within_s=_ASK_WHY_S if was_slow else None)
        if reason is not None:
            raise AccessRefused(reason) from error
        raise


async def stop_consumer(consumer: Any) -> None:  # noqa: ANN401 - aiokafka's, untyped
    """Stop an aiokafka consumer, also one that has only just been started.

    Its tasks have to begin first: it awaits what it cancels, and a task that is cancelled before
    it begins raises its cancellation at whoever awaits it.
    """
    await asyncio.sleep(0)
    await consumer.stop()


class KafkaLogs:
    """All of a worker's lanes share one of these: `start` it, ask it for logs, `stop` it."""

    def __init__(self, options: KafkaOptions) -> None:
        """Prepare; `start` connects."""
        self.options = options
        # It reads nothing and asks for offsets only, so its end is the high watermark.
        self._consumer: Any = None
        self._connecting = asyncio.Lock()
        self._admin: Any = None

    async def start(self) -> None:
        """Connect.

        Raises:
            AccessRefused: a broker answers, and does not let this process in.
            LogFailure: no broker can be reached.
        """
        self._admin = AIOKafkaAdminClient(**self.options.client())
        try:
            await self._asking()
            with self._connection_failures():
                await start_client(self._admin, self.options)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Disconnect; harmless when not connected."""
        consumer, self._consumer = self._consumer, None
        admin, self._admin = self._admin, None
        if consumer is not None:
            await stop_consumer(consumer)
        if admin is not None:
            await admin.close()

    async def partition_counts(self, topics: Sequence[str]) -> dict[str, int]:
        """Return the partition count of each of these topics that exists.

        Raises:
            LogFailure: Kafka did not answer.
        """
        with log_failures("cannot describe the topics"):
            # All topics are asked for: asking for one by name would make it, where brokers do so.
            described = await self._admin.describe_topics()
        return {
            topic["topic"]: len(topic["partitions"])
            for topic in described
            if topic["topic"] in topics
        }

    async def topic_setting(self, topic: str, name: str) -> str | None:
        """Return a setting of a topic as the brokers have it; None when there is none.

        Raises:
            NotAllowed: its settings are not for this process to see.
            LogFailure: Kafka did not answer.
        """
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        with log_failures("cannot describe a topic's settings"):
            [answer] = await self._admin.describe_configs([resource])
            described_topics = answer.to_object()["resources"]
            for described in described_topics:
                if described["error_code"]:
                    raise for_code(described["error_code"])(f"{topic} ({name})")
        for described in described_topics:
            for entry in described["config_entries"]:
                if entry["config_names"] == name:
                    value: str | None = entry["config_value"]
                    return value
        return None

    async def offsets(self, partition: Partition) -> tuple[int, int]:
        """Return the partition's first offset and the one behind its last.

        Raises:
            LogFailure: Kafka did not answer.
        """
        address = TopicPartition(*partition)
        consumer = await self._asking()
        try:
            with log_failures(f"cannot read the offsets of {partition}"):
                start = (await consumer.beginning_offsets([address]))[address]
                end = (await consumer.end_offsets([address]))[address]
        except LogFailure:
            # aiokafka gives up on the question before the request itself times out, which would
            # close the connection: one that is half open would fail every later question, too.
            await self._forget(consumer)
            raise
        return start, end

    async def _asking(self) -> Any:  # noqa: ANN401 - aiokafka's, untyped
        """Return a started consumer, a new one where the last has failed."""
        async with self._connecting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(**self.options.client(), enable_auto_commit=False)
                try:
                    with self._connection_failures():
                        await start_client(consumer, self.options)
                except BaseException:
                    await stop_consumer(consumer)
                    raise
                self._consumer = consumer
            return self._consumer

    async def _forget(self, consumer: Any) -> None:  # noqa: ANN401 - aiokafka's, untyped
        if consumer is self._consumer:
            self._consumer = None
            await stop_consumer(consumer)

    def _connection_failures(self) -> AbstractContextManager[None]:
        return log_failures(f"no Apache Kafka answers at {self.options.bootstrap_servers}")
