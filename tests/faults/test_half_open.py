"""A connection that is open on our side only: what fails over it must work over the next one."""

from pathlib import Path

import pytest

from agents.lane.kafka.client import KafkaLogs, KafkaOptions
from agents.lane.log import LogFailure
from agents.lane.port import Partition
from deploy.kafka.free_ports import free_port
from deploy.kafka.server_properties import LOOPBACK
from tests.faults.proxied_kafka import proxied_kafka
from tests.faults.tcp_proxy import Proxy
from tests.kafka.lane_logs import create_topics

TOPIC = "input"


async def test_a_question_that_nobody_hears_is_asked_again_elsewhere(tmp_path: Path) -> None:
    proxy = Proxy(free_port(), behind := free_port(), "seed")
    await proxy.start()
    kafka = proxied_kafka(tmp_path / "kafka", proxy_port=proxy.port, behind_port=behind)
    logs = KafkaLogs(_options(f"{LOOPBACK}:{proxy.port}"))
    try:
        async with kafka:
            await create_topics(kafka.bootstrap_servers, TOPIC, count=1)
            await logs.start()
            assert await logs.offsets(Partition(TOPIC, 0)) == (0, 0)
            assert proxy.half_open() > 0
            with pytest.raises(LogFailure):
                await logs.offsets(Partition(TOPIC, 0))
            assert await logs.offsets(Partition(TOPIC, 0)) == (0, 0)
            await logs.stop()
    finally:
        await logs.stop()
        await proxy.stop()


def _options(servers: str) -> KafkaOptions:
    return KafkaOptions(
        bootstrap_servers=servers,
        client_id="asking",
        group_id="group",
        transactional_prefix="asking",
        changelog_topic="changelog",
        request_timeout_s=1.0,
        transaction_timeout_s=30.0,
        close_s_max=2.0,
        compression=None,
    )
