# Goal: `topics apply` makes what is missing, tells of what differs, and never loses anything.
import uuid
from dataclasses import fields, replace

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from events.errors import Misconfigured
from schemas.topics import BATCH_BYTES_MAX, Topic, TopicName, Topology, topology

CREATED_FIRST = Wishes(partitions=3)


@pytest.fixture
def own_topics() -> Topology:
    """The topology under names of this test's own, since the broker is shared."""
    prefix = uuid.uuid4().hex[:8]
    original = topology()

    def renamed(topic: Topic) -> Topic:
        return replace(topic, name=TopicName(f"{prefix}-{topic.name}"))

    return Topology(
        **{field.name: renamed(getattr(original, field.name)) for field in fields(original)}
    )


async def test_an_empty_cluster_gets_every_topic_as_specified(
    kafka: LocalKafka, own_topics: Topology
) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        outcome = await apply(admin, own_topics, Wishes())
        assert outcome.created == tuple(topic.name for topic in own_topics.topics)
        assert outcome.is_as_wanted
        found = await admin.topics(outcome.created)
    for topic in own_topics.topics:
        on_cluster = found[topic.name]
        assert (on_cluster.partitions, on_cluster.replication) == (4, 1)
        assert topic.settings(replication=1).items() <= on_cluster.settings.items()


async def test_a_repetition_changes_nothing(kafka: LocalKafka, own_topics: Topology) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await apply(admin, own_topics, CREATED_FIRST)
        again = await apply(admin, own_topics, Wishes())
    assert again.is_as_wanted
    assert (again.created, again.fixed) == ((), ())
    assert again.present == tuple(topic.name for topic in own_topics.topics)


async def test_an_existing_input_decides_the_partition_count_of_all(
    kafka: LocalKafka, own_topics: Topology
) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await admin.create(own_topics.device_events.name, partitions=7, replication=1, settings={})
        outcome = await apply(admin, own_topics, Wishes(partitions=2))
        found = await admin.topics(outcome.created)
    assert {topic.partitions for topic in found.values()} == {7}
    told = {(drift.topic, drift.setting, drift.have, drift.want) for drift in outcome.drift}
    assert (own_topics.device_events.name, "partitions", "7", "2") in told


async def test_drift_is_told_and_only_settings_are_fixed_and_only_when_asked(
    kafka: LocalKafka, own_topics: Topology
) -> None:
    name = own_topics.device_events.name
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await admin.create(
            name,
            partitions=2,
            replication=1,
            settings={"message.timestamp.type": "CreateTime", "segment.jitter.ms": "5"},
        )
        await admin.create(
            own_topics.verdicts.name,
            partitions=1,
            replication=1,
            settings=own_topics.verdicts.settings(replication=1),
        )
        told = await apply(admin, own_topics, Wishes())
        partitions = [drift for drift in told.drift if drift.setting == "partitions"]
        assert [(drift.topic, drift.have, drift.want) for drift in partitions] == [
            (own_topics.verdicts.name, "1", "2")
        ]
        settings = {drift.setting: drift for drift in told.drift if drift.topic == name}
        assert settings["message.timestamp.type"].have == "CreateTime"
        assert (await admin.topics([name]))[name].settings["message.timestamp.type"] == "CreateTime"

        fixed = await apply(admin, own_topics, Wishes(fix_settings=True))
        assert {drift.setting for drift in fixed.fixed} == set(settings)
        assert fixed.drift == tuple(partitions)
        after = (await admin.topics([name]))[name]
    assert after.settings["message.timestamp.type"] == "LogAppendTime"
    # What an operator set beside ours is still there.
    assert after.settings["segment.jitter.ms"] == "5"


async def test_a_dry_run_creates_nothing(kafka: LocalKafka, own_topics: Topology) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        outcome = await apply(admin, own_topics, Wishes(dry_run=True, fix_settings=True))
        assert await admin.topics(topic.name for topic in own_topics.topics) == {}
    assert outcome.missing == tuple(topic.name for topic in own_topics.topics)
    assert not outcome.is_as_wanted


async def test_more_replicas_than_brokers_are_refused(
    kafka: LocalKafka, own_topics: Topology
) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        with pytest.raises(Misconfigured, match="--replication 1"):
            await apply(admin, own_topics, Wishes(replication=3))
        assert await admin.topics(topic.name for topic in own_topics.topics) == {}


async def test_a_topic_that_appeared_meanwhile_is_not_an_error(
    kafka: LocalKafka, own_topics: Topology
) -> None:
    name = own_topics.verdicts.name
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        assert await admin.create(name, partitions=1, replication=1, settings={})
        assert not await admin.create(name, partitions=1, replication=1, settings={})


async def test_what_kafka_refuses_is_passed_on(kafka: LocalKafka) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        with pytest.raises(Misconfigured, match="refused"):
            await admin.create("not/a/name", partitions=1, replication=1, settings={})


async def test_the_broker_s_clock_rules_and_a_full_batch_fits(
    kafka: LocalKafka, own_topics: Topology
) -> None:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await apply(admin, own_topics, Wishes())
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, max_request_size=BATCH_BYTES_MAX
    ) as producer:
        sent = await producer.send_and_wait(
            own_topics.device_events.name, b"event", timestamp_ms=1_000_000
        )
        assert sent.timestamp_type == 1  # append time
        assert sent.timestamp > 1_000_000
        await producer.send_and_wait(own_topics.dead_letters.name, bytes(1024 * 1024 - 1024))
