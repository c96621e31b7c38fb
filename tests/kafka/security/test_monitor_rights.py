"""The monitor sees what it has to, with its own rights and no others."""

from agents.lane.port import Partition
from deploy.monitor.groups import Watched
from deploy.monitor.look import Lookout
from deploy.records.consumer_groups import ConsumerGroups
from deploy.records.reader import TopicReader
from schemas.rights import Role
from schemas.topics import topology
from tests.kafka.security.conftest import PARTITIONS
from tests.kafka.security.secured_kafka import USERS, SecuredKafka


async def test_the_monitor_sees_every_topic_and_the_workers_group(
    secured_kafka: SecuredKafka,
) -> None:
    connection = secured_kafka.connection(secured_kafka.by_password(USERS[Role.MONITOR]))
    async with (
        ConsumerGroups(connection) as groups,
        TopicReader(connection) as committed,
        TopicReader(connection, uncommitted=True) as uncommitted,
    ):
        watched = Watched(application="biolatch", group="biolatch")
        look = await Lookout(watched, groups, committed, uncommitted, hanging_ms=1).look(0)
    topics = topology()
    assert set(look.partitions) == {
        Partition(topic.name, number) for topic in topics.topics for number in range(PARTITIONS)
    }
    lags = look.groups["biolatch"].lags
    assert {each.topic for each in lags} == {topics.device_events.name}
    assert None not in {lag.behind_ms for lag in lags.values()}
