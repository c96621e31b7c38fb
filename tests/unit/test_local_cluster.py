import pytest

from deploy.kafka.local_cluster import member_properties
from deploy.kafka.server_properties import Ports

PORTS = [Ports(client=20_000 + number, controller=21_000 + number) for number in range(5)]


@pytest.mark.parametrize("size", [1, 3, 5])
def test_all_members_know_all_controllers_and_none_leaves_the_loopback_address(size: int) -> None:
    members = [member_properties(number, PORTS[:size]) for number in range(1, size + 1)]
    (voters,) = {member["controller.quorum.voters"] for member in members}
    assert len(voters.split(",")) == size
    for number, member in enumerate(members, start=1):
        assert member["node.id"] == str(number)
        assert f"{number}@127.0.0.1:{PORTS[number - 1].controller}" in voters
        assert member["advertised.listeners"] in member["listeners"]
        assert all("//127.0.0.1:" in each for each in member["listeners"].split(","))


@pytest.mark.parametrize(
    ("size", "replicas", "in_sync"), [(1, "1", "1"), (3, "3", "2"), (5, "3", "2")]
)
def test_kafka_s_own_topics_survive_one_broker_where_there_are_three(
    size: int, replicas: str, in_sync: str
) -> None:
    member = member_properties(1, PORTS[:size])
    assert member["offsets.topic.replication.factor"] == replicas
    assert member["transaction.state.log.replication.factor"] == replicas
    assert member["transaction.state.log.min.isr"] == in_sync
