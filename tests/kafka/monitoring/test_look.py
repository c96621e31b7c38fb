# Goal: the lag is right wherever offsets and records are not the same thing. Times are the records'
# own here, so that ages are exact.
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import pytest_asyncio
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from agents.lane.port import Partition
from deploy.inspection.lag import PartitionLag
from deploy.kafka.local import LocalKafka
from deploy.monitor.groups import Watched
from deploy.monitor.look import Look, Lookout
from deploy.records.connection import Connection
from deploy.records.consumer_groups import ConsumerGroups
from deploy.records.reader import TopicReader

NOW_MS = time.time_ns() // 1_000_000
HANGING_MS = 60_000


class Cluster:
    """Topics and groups of an application of the test's own."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.application = f"watched-{uuid.uuid4().hex[:8]}"
        self.group = f"{self.application}-reader"
        self.topic = f"{self.application}-topic"
        self.zero = Partition(self.topic, 0)
        self._admin = AdminClient({"bootstrap.servers": servers})

    def create(self, settings: Mapping[str, str] | None = None) -> None:
        new = NewTopic(self.topic, 2, 1, config={**(settings or {})})
        self._admin.create_topics([new])[self.topic].result(30)

    def delete_before(self, offset: int) -> None:
        wanted = [TopicPartition(self.topic, 0, offset)]
        for future in self._admin.delete_records(wanted).values():
            future.result(30)

    def write(self, *ages_ms: int, producer: Producer | None = None, key: bytes = b"k") -> None:
        writer = producer or Producer({"bootstrap.servers": self.servers})
        for age_ms in ages_ms:
            writer.produce(self.topic, b"v", key, partition=0, timestamp=NOW_MS - age_ms)
        assert writer.flush(30) == 0

    def transaction(self, name: str = "") -> Producer:
        producer = Producer(
            {
                "bootstrap.servers": self.servers,
                "transactional.id": f"{self.application}{name}",
                "transaction.timeout.ms": 60_000,
            }
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        return producer

    def commit(self, offset: int) -> None:
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": self.group})
        consumer.commit(offsets=[TopicPartition(self.topic, 0, offset)], asynchronous=False)
        consumer.close()


@pytest.fixture
def cluster(kafka: LocalKafka) -> Cluster:
    return Cluster(kafka.bootstrap_servers)


@pytest_asyncio.fixture
async def lookout(cluster: Cluster) -> AsyncIterator[Lookout]:
    connection = Connection(bootstrap_servers=cluster.servers)
    watched = Watched(application=cluster.application, group=cluster.application)
    async with (
        ConsumerGroups(connection) as groups,
        TopicReader(connection) as committed,
        TopicReader(connection, uncommitted=True) as uncommitted,
    ):
        yield Lookout(watched, groups, committed, uncommitted, hanging_ms=HANGING_MS)


def lag(look: Look, cluster: Cluster) -> PartitionLag:
    return look.groups[cluster.group].lags[cluster.zero]


def behind(look: Look, cluster: Cluster) -> tuple[int | None, int | None]:
    """Records and milliseconds behind, in partition 0."""
    return lag(look, cluster).records_behind, lag(look, cluster).behind_ms


async def test_what_waits_is_counted_from_the_first_record_that_is_there(
    cluster: Cluster, lookout: Lookout
) -> None:
    cluster.create()
    cluster.write(5000, 4000, 3000, 2000, 1000)
    cluster.commit(1)
    first = await lookout.look(NOW_MS)
    assert behind(first, cluster) == (
        4,
        4000,
    )
    # The other partition is empty: nobody is behind there.
    empty = first.groups[cluster.group].lags[Partition(cluster.topic, 1)]
    assert (empty.records_behind, empty.behind_ms) == (0, 0)
    # The same group, looked at again, is as much older.
    again = await lookout.look(NOW_MS + 500)
    # By a clock that is far behind the records' it is not old, and waits all the same.
    early = await lookout.look(NOW_MS - 10_000)
    assert behind(early, cluster) == (4, 1)
    assert lag(again, cluster).behind_ms == 4500

    cluster.delete_before(3)
    deleted = await lookout.look(NOW_MS)
    assert behind(deleted, cluster) == (2, 2000)

    cluster.commit(5)
    idle = await lookout.look(NOW_MS)
    assert behind(idle, cluster) == (0, 0)

    cluster.commit(9)
    anew = await lookout.look(NOW_MS)
    assert behind(anew, cluster) == (
        None,
        None,
    )


@pytest.mark.parametrize("end", ["commit_transaction", "abort_transaction"])
async def test_markers_and_aborted_records_are_not_waited_for(
    cluster: Cluster, lookout: Lookout, end: str
) -> None:
    cluster.create()
    cluster.write(5000)
    producer = cluster.transaction()
    cluster.write(4000, producer=producer)
    finish: Callable[[float], None] = getattr(producer, end)
    finish(30)
    cluster.commit(1 if end == "abort_transaction" else 2)
    done = await lookout.look(NOW_MS)
    assert lag(done, cluster).offsets_behind > 0
    assert behind(done, cluster) == (0, 0)
    cluster.write(1000)
    more = await lookout.look(NOW_MS)
    assert lag(more, cluster).behind_ms == 1000


async def test_behind_an_open_transaction_nobody_waits_and_its_age_is_said(
    cluster: Cluster, lookout: Lookout
) -> None:
    cluster.create()
    cluster.write(9000)
    cluster.commit(1)
    producer = cluster.transaction()
    cluster.write(7000, producer=producer)
    cluster.write(3000)
    held = await lookout.look(NOW_MS)
    assert behind(held, cluster) == (0, 0)
    ends = held.partitions[cluster.zero]
    assert (ends.stable, ends.latest, ends.stable_age_ms) == (1, 3, 7000)
    assert held.partitions[Partition(cluster.topic, 1)].stable_age_ms == 0

    producer.abort_transaction(30)
    free = await lookout.look(NOW_MS)
    assert free.partitions[cluster.zero].stable_age_ms == 0
    assert lag(free, cluster).behind_ms == 3000


@pytest.mark.long
async def test_transactions_that_hang_are_counted_and_those_that_are_young_are_not(
    cluster: Cluster, lookout: Lookout
) -> None:
    cluster.create()
    cluster.commit(0)  # so that the broker has a coordinator for the group: it makes one when asked
    producers = [cluster.transaction(name) for name in ("first", "second", "third")]
    for producer, age_ms in zip(producers, (3 * HANGING_MS, 2 * HANGING_MS, 1000), strict=True):
        cluster.write(age_ms, producer=producer)
    one = Partition(cluster.topic, 1)
    for hanging in (2, 2, 1):
        look = await lookout.look(NOW_MS)
        assert look.partitions[cluster.zero].hanging == hanging
        assert look.partitions[one].hanging == 0
        producers.pop().abort_transaction(30)
    gone = await lookout.look(NOW_MS)
    assert gone.partitions[cluster.zero].hanging == 0


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_a_compacted_topic_is_counted_from_the_first_record_that_is_left(
    cluster: Cluster, lookout: Lookout
) -> None:
    cluster.create(
        {
            "cleanup.policy": "compact",
            "segment.ms": "100",
            "min.cleanable.dirty.ratio": "0.01",
            "max.compaction.lag.ms": "100",
        }
    )
    cluster.commit(0)
    deadline = time.monotonic() + 200
    # A segment rolls when a record comes; what the cleaner leaves is the last one of the key.
    for age_ms in range(100_000, 0, -1):
        cluster.write(age_ms)
        reader = Consumer({"bootstrap.servers": cluster.servers, "group.id": "independent"})
        reader.assign([TopicPartition(cluster.topic, 0, 0)])
        (first,) = reader.consume(1, timeout=30)
        reader.close()
        if (first.offset() or 0) > 0:
            break
        assert time.monotonic() < deadline, "the cleaner does not come"
    look = await lookout.look(NOW_MS)
    # The cleaner may have come again since.
    assert (lag(look, cluster).behind_ms or 0) <= NOW_MS - first.timestamp()[1]
    assert (lag(look, cluster).behind_ms or 0) > 0
