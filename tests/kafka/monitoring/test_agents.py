# Goal: every agent that decides nothing tells the truth of itself: alive while Kafka is away, ready
# once it does its work, and no longer ready where a partition of its own is parked.
import asyncio
import base64
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.error import URLError

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from deploy.kafka.free_ports import free_port
from deploy.kafka.local import LocalKafka
from schemas.topics import DEAD_LETTERS, DECISIONS, VERDICTS
from tests.analytics.agent_process import AgentProcess
from tests.analytics.story import Story
from tests.journeys.commands import biolatch, biolatch_beside
from tests.kafka.monitoring.observed import Samples, Watched, until
from tests.signals.transmitter import Installation
from tests.webhook_receiver import Receiver

PARTITIONS = 2
READS = {"notifier": [DECISIONS], "analytics": [VERDICTS, DECISIONS, DEAD_LETTERS]}
DOES_NOT = {
    "parquet": ["it does not read the feed yet"],
    "signals": ["it does not answer requests yet"],
} | {
    agent: [f"{topic}: it is not a member of its group yet" for topic in topics]
    for agent, topics in READS.items()
}
OF_DECIDING = ("biolatch_decision", "biolatch_verdicts", "biolatch_build_info", "biolatch_rows")


def settings_of(servers: str, folder: Path, webhook: str) -> dict[str, dict[str, str]]:
    """What each agent needs to run, with files of its own."""
    secret = folder / "secret"
    secret.write_text(f"whsec_{base64.b64encode(bytes(range(32))).decode()}\n")
    secret.chmod(0o600)
    endpoints, keys = folder / "endpoints.toml", folder / "feed-keys.json"
    endpoints.write_text(
        f'[[endpoints]]\nname = "push"\nurl = "{webhook}"\nsecret_files = ["secret"]\n'
    )
    biolatch(servers, "feed-key", "generate", str(keys))
    signals = Installation(servers, folder, is_prepared=True, application="biolatch")
    return {
        "notifier": {"BIOLATCH_NOTIFIER__ENDPOINTS_FILE": str(endpoints)},
        "analytics": {"BIOLATCH_ANALYTICS__MASK_KEYS_FILE": str(keys)},
        "parquet": {"BIOLATCH_ANALYTICS__PARQUET_FOLDER": str(folder / "feed")},
        "signals": signals.variables(),
    }


def is_alive(watched: Watched) -> bool:
    try:
        return watched.get("/livez").status == watched.get("/healthz").status == 200
    except URLError:
        return False


def becomes_ready(agent: str, watched: Watched, within_s: float = 120) -> None:
    until(
        lambda: watched.get("/readyz").status == 200,
        f"{agent} is not ready: {watched.get('/readyz')}",
        within_s,
    )


def serving(shown: Samples, topic: str) -> float | None:
    return shown.total("biolatch_lane_state", topic=topic, state="serving")


def produce(servers: str, story: Story) -> Counter[str]:
    """What has been decided, as if a worker had; how much of it is in each topic."""
    producer = Producer({"bootstrap.servers": servers})
    for topic, record in story.inputs:
        headers = [(name, value) for name, value in record.headers]
        producer.produce(topic, record.value, record.key, partition=0, headers=headers)
    assert producer.flush(60) == 0
    return Counter(topic for topic, _ in story.inputs)


def without_kafka(watched: Mapping[str, Watched]) -> None:
    for agent, at in watched.items():
        until(lambda at=at: is_alive(at), f"{agent} is not alive")
        ready = at.get("/readyz")
        assert (ready.status, ready.reasons) == (503, DOES_NOT[agent])
        shown = at.scrape()
        assert shown.total("biolatch_ready") == 0
        assert shown.total("biolatch_agent_info", agent=agent) == 1


def with_kafka(servers: str, watched: Mapping[str, Watched]) -> None:
    for agent, at in watched.items():
        becomes_ready(agent, at)
        assert at.scrape().total("biolatch_ready") == 1
    story = Story()
    story.revoked("phone-1", "ana", 1)
    story.dead_letter("signature.missing", "phone-1", 2)
    counts = produce(servers, story)
    for agent, topics in READS.items():
        for topic in topics:
            watched[agent].reaches("biolatch_events_total", counts[topic], topic=topic)
            shown = watched[agent].scrape()
            assert serving(shown, topic) == PARTITIONS
            assert shown.total("biolatch_assigned_partitions", topic=topic) == PARTITIONS
            assert (shown.total("biolatch_rebalances_total", topic=topic) or 0) >= 1
    for at in watched.values():
        text = at.get("/metrics").body
        assert not [name for name in (*OF_DECIDING, "phone-1", '"ana"') if name in text]


def make_anew(servers: str, topic: str) -> None:
    """Its records are gone; whoever had a position in it stands behind its end."""
    admin = AdminClient({"bootstrap.servers": servers})
    admin.delete_topics([topic])[topic].result(60)

    def applied() -> bool:
        biolatch(servers, "topics", "apply", "--partitions", str(PARTITIONS))
        return topic in admin.list_topics(timeout=30).topics

    until(applied, f"{topic} is not there again")


def with_a_parked_partition(at: Watched) -> None:
    until(lambda: is_alive(at), "analytics is not alive")
    parked = f"{VERDICTS}/0 is parked: "
    until(
        lambda: [each[: len(parked)] for each in at.get("/readyz").reasons] == [parked],
        f"not parked, or not alone: {at.get('/readyz')}",
    )
    assert at.get("/readyz").status == 503
    assert at.get("/livez").status == 200
    shown = at.scrape()
    assert shown.total("biolatch_ready") == 0
    assert shown.total("biolatch_lane_state", state="parked") == 1
    assert shown.total("biolatch_lane_state", state="parked", topic=VERDICTS, partition="0") == 1
    assert (shown.total("biolatch_lane_parkings_total", topic=VERDICTS) or 0) >= 1
    assert serving(shown, DECISIONS) == serving(shown, DEAD_LETTERS) == PARTITIONS


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_agents_are_alive_without_kafka_ready_with_it_and_say_what_is_parked(
    tmp_path: Path,
) -> None:
    broker = LocalKafka(tmp_path / "kafka")
    await broker.start()
    servers = broker.bootstrap_servers
    try:
        await biolatch_beside(servers, "topics", "apply", "--partitions", str(PARTITIONS))
        await broker.stop()
        async with Receiver() as receiver:
            settings = await asyncio.to_thread(settings_of, servers, tmp_path, receiver.url)
            watched = {agent: Watched(free_port()) for agent in settings}

            def agent(name: str) -> AgentProcess:
                port = {"BIOLATCH_METRICS__PORT": str(watched[name].port)}
                return AgentProcess(name, servers, tmp_path, settings[name] | port)

            async with AsyncExitStack() as agents:
                for name in settings:
                    await agents.enter_async_context(agent(name))
                await asyncio.to_thread(without_kafka, watched)
                await broker.start()
                await asyncio.to_thread(with_kafka, servers, watched)
            await asyncio.to_thread(make_anew, servers, VERDICTS)
            async with agent("analytics"):
                await asyncio.to_thread(with_a_parked_partition, watched["analytics"])
    finally:
        await broker.stop()
