"""The drill of a roll-out: workers and brokers replaced one by one, one broker lost, a new policy.

Three brokers with three replicas each, three workers, and load all the time. Nothing may be lost,
which the auditor judges; how long each partition stood still meanwhile is measured and printed.
"""

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.kafka.local_cluster import LocalCluster
from schemas.sizing import PRODUCTION
from schemas.topics import VERDICTS
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord
from tests.faults.campaign import PARTITIONS, Campaign, campaign
from tests.faults.campaign_judgement import Evidence, Judgement, judge
from tests.faults.campaign_size import COUNTS, SETTINGS
from tests.faults.devices_worker import POLICY, DevicesWorker
from tests.faults.pulse import Place, Pulse, answered, pulsing

NEW_POLICY = replace(POLICY, version="campaign-2", failures_until_fallback=3)
"""Another number, so that a decision under the wrong one of the two shows."""

STATIC_SESSION_TIMEOUT_S = "20"
"""Longer than a worker takes to come back, so that nobody takes over from a static member."""

TRANSACTION_INTERVAL_S = "0.1"
BURST_PAUSE_S = 0.15
"""Some 130 events a second: three workers could do a thousand times as many, but three brokers with
three replicas share this machine with them. How busy it was is printed."""

IN_SYNC_S_MAX = 300.0

pytestmark = [pytest.mark.drill, pytest.mark.timeout(max(1800, COUNTS.run_s_max))]


async def test_a_roll_out_and_the_loss_of_a_broker_lose_no_event() -> None:
    async with campaign(
        "roll-out",
        kafka=_cluster,
        replication=PRODUCTION.replication,
        equip=_equip,
        judged_by=_judge,
    ) as running:
        brokers = running.kafka
        assert isinstance(brokers, LocalCluster)
        running.load.burst_pause_s = BURST_PAUSE_S
        load = running.load.acknowledged
        for worker in running.workers:
            await worker.serving()
        async with pulsing(running.way, PARTITIONS, load, seed=SETTINGS.seed) as pulse:
            drill = Drill(running, pulse)
            await _calm(running)  # what comes first has connections to make
            await drill.stage("nothing happens", _calm)
            await drill.stage("dynamic workers replaced one by one", _replace_workers)
            await drill.stage("workers become static members, one by one", _make_static)
            await drill.stage("static workers replaced one by one", _replace_workers)
            await drill.stage("brokers restarted one by one", _restart_brokers)
            await drill.stage("kill -9 of a broker, for good", _lose_a_broker)
            await drill.stage("a new policy, on the brokers that are left", _change_policy)


class Drill:
    """Stages one after another, each with the pauses that it causes."""

    def __init__(self, running: Campaign, pulse: Pulse) -> None:
        self._running = running
        self._pulse = pulse

    async def stage(self, name: str, work: Callable[[Campaign], Awaitable[None]]) -> None:
        """Do it under load, wait until everything is decided, and say how long that took whom."""
        await self._pulse.settled()
        load, workers = self._running.load, self._running.workers
        for worker in workers:
            worker.start_took_s = 0.0
        since_s, confirmed = time.monotonic(), len(load.acknowledged)
        psutil.cpu_percent()  # from here to the next call
        await work(self._running)
        await _calm(self._running)
        took_s = time.monotonic() - since_s
        confirmed = len(load.acknowledged) - confirmed
        busy = psutil.cpu_percent()
        await self._pulse.settled()
        pauses_s = self._pulse.pauses_s(since_s)
        self._running.faults[name] += 1
        self._running.pauses_s[name] = round(max(pauses_s), 2)
        shown = "  ".join(f"{pause_s:5.2f}" for pause_s in pauses_s)
        start_s = max(worker.start_took_s for worker in workers)
        started = f"   a worker starts in up to {start_s:.1f} s" if start_s else ""
        rate = f"{confirmed / took_s:5.0f} events/s, machine {busy:.0f} % busy"
        print(f"{name:45} {shown} s   {rate}{started}")  # noqa: T201


def _equip(worker: DevicesWorker) -> None:
    worker.environment["BIOLATCH_LANE__TRANSACTION_INTERVAL_S_MIN"] = TRANSACTION_INTERVAL_S


async def _calm(running: Campaign) -> None:
    await running.calm(2, 4)


async def _replace_workers(running: Campaign) -> None:
    for worker in running.workers:
        assert await worker.end(signal.SIGTERM) == 0
        await worker.start()
        await worker.serving()
        await running.calm(0.5, 1)


async def _make_static(running: Campaign) -> None:
    for worker in running.workers:
        worker.environment["BIOLATCH_MEMBERSHIP__INSTANCE_ID"] = worker.log.stem
        worker.environment["BIOLATCH_MEMBERSHIP__SESSION_TIMEOUT_S"] = STATIC_SESSION_TIMEOUT_S
    await _replace_workers(running)


async def _change_policy(running: Campaign) -> None:
    for worker in running.workers:
        worker.environment["BIOLATCH_POLICY__VERSION"] = NEW_POLICY.version
        worker.environment["BIOLATCH_POLICY__FAILURES_MAX"] = str(
            NEW_POLICY.failures_until_fallback
        )
    await _replace_workers(running)


async def _restart_brokers(running: Campaign) -> None:
    for broker in running.kafka.brokers:
        await broker.restart()
        await _in_sync(running.servers)


async def _lose_a_broker(running: Campaign) -> None:
    await running.chance.choice(running.kafka.brokers).kill()
    await running.calm(15, 20)  # longer than it takes to elect, move and go on


async def _in_sync(servers: str) -> None:
    """Wait until every replica of every partition is in sync: only then may the next broker go."""
    async with asyncio.timeout(IN_SYNC_S_MAX):
        while not await _is_in_sync(servers):  # noqa: ASYNC110 - Kafka tells when asked
            await asyncio.sleep(0.2)


async def _is_in_sync(servers: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        topics = await admin.describe_topics()
    except KafkaError:
        return False
    finally:
        await admin.close()
    partitions = [each for topic in topics for each in topic["partitions"]]
    return all(set(each["isr"]) == set(each["replicas"]) for each in partitions)


def _cluster(data: Path) -> LocalCluster:
    return LocalCluster(data, properties={"group.min.session.timeout.ms": "1000"})


def _judge(evidence: Evidence) -> Judgement:
    """As ever, but each event by the policy that its verdict names; at the end that is the new one.

    Its decisions and the rows that follow have to agree with that policy, too.
    """
    policies = {policy.version: policy for policy in (POLICY, NEW_POLICY)}
    versions: dict[Place, str] = {}
    last: dict[int, str] = {}
    for record in evidence.by_topic[VERDICTS]:
        version = json.loads(record.value or b"")["policy_version"]
        versions[answered(record.headers)] = last[record.partition] = version

    def policy_of(record: RawRecord) -> Policy:
        return policies[versions.get((record.partition, record.offset), POLICY.version)]

    judged = judge(evidence, policy=policy_of)
    old = [number for number, version in last.items() if version != NEW_POLICY.version]
    return replace(
        judged,
        differences=[
            *judged.differences,
            *(f"partition {number} ends under the old policy" for number in old),
        ],
    )
