# Goal: `biolatch bench` measures what was verified, says all of it, and leaves nothing behind. What
# it measures here says nothing: no figure is compared with a time.
import asyncio
import json
import os
import signal
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from agents.settings import Settings
from deploy.bench.kafka_client import topic_names
from deploy.bench.report import BenchOptions
from deploy.bench.scaling import Crowd, drain_crowd
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from schemas.topics import VERDICTS, topology

EVENTS, DEVICES = 5000, 200
SMALL = ("--quick", "--json", "--events", str(EVENTS), "--devices", str(DEVICES))
WAIT_S = 100.0

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the benchmark keeps everything while it runs."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@asynccontextmanager
async def bench(scratch: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sysconfig.get_path("scripts")) / "biolatch"),
        "bench",
        *SMALL,
        *options,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_every_input_has_its_verdict_and_everything_is_measured(scratch: Path) -> None:
    async with (
        bench(scratch, "--signed", "publisher-es256") as process,
        asyncio.timeout(WAIT_S),
    ):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    report = json.loads(output)
    assert list(report) == [
        "options",
        "machine",
        "drained",
        "bytes_per_event",
        "latency",
        "baselines",
        "scaling",
        "signed",
        "others",
        "took_s",
        "bytes_per_event_total",
    ]
    drained = report["drained"]
    assert drained["events"] == EVENTS
    # One phone in fifty never enrolls at first; all others do, to warm up.
    assert sum(drained["verdicts"].values()) == EVENTS + DEVICES - DEVICES // 50
    assert drained["verdicts"]["biolatch.verdict.accepted.v1"] > EVENTS / 2
    refused = {kind for kind in drained["verdicts"] if "refused" in kind}
    assert refused <= {
        f"biolatch.verdict.refused.v1 {reason}"
        for reason in ("disabled", "biometrics_changed", "unknown_binding")
    }
    assert drained["events_per_s"] > 0
    assert drained["resident_bytes_max"] > 0
    topics = topology()
    assert {topics.verdicts.name, topics.devices_changelog.name} <= set(report["bytes_per_event"])
    latency = report["latency"]
    assert 0 < latency["p50_ms"] <= latency["p95_ms"] <= latency["p99_ms"] <= latency["max_ms"]
    assert latency["events"] > 0
    assert [sorted(baseline) for baseline in report["baselines"]] == 2 * [
        sorted(
            [
                *("name", "events", "seconds", "events_per_s", "cpu_us_per_event"),
                *("ratio", "cpu_ratio"),
            ]
        )
    ]
    assert os.listdir(scratch) == []  # noqa: PTH208 (Path cannot, in a coroutine)


async def test_a_given_kafka_is_left_as_it_was(scratch: Path, fresh_kafka: LocalKafka) -> None:
    servers = fresh_kafka.bootstrap_servers
    before = await topic_names(servers)
    async with (
        bench(scratch, "--bootstrap", servers, "--latency-seconds", "0") as process,
        asyncio.timeout(WAIT_S),
    ):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    report = json.loads(output)
    assert report["latency"] is None
    assert (report["bytes_per_event"], report["machine"]["kafka"]) == ({}, None)
    kafkas_own = {name for name in await topic_names(servers) if name.startswith("__")}
    assert await topic_names(servers) - kafkas_own == before - kafkas_own


async def test_a_kafka_that_is_in_use_is_refused(scratch: Path, fresh_kafka: LocalKafka) -> None:
    servers = fresh_kafka.bootstrap_servers
    async with KafkaAdmin(servers) as admin:
        await admin.create(VERDICTS, partitions=1, replication=1, settings={})
    async with (
        bench(scratch, "--bootstrap", servers) as process,
        asyncio.timeout(WAIT_S),
    ):
        _, errors = await process.communicate()
    assert process.returncode == 3
    assert f"has {VERDICTS} already" in errors.decode()
    assert VERDICTS in await topic_names(servers)


async def test_an_interrupt_ends_everything(scratch: Path) -> None:
    async with bench(scratch) as process, asyncio.timeout(WAIT_S):
        assert process.stderr is not None
        while b"draining" not in (line := await process.stderr.readline()):
            assert line, "it ended before the drain"
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 130
    assert "everything that was started is gone again" in errors.decode()
    assert len(children) >= 2  # the broker and the worker
    assert not [child for child in children if child.is_running()]
    assert os.listdir(scratch) == []  # noqa: PTH208 (Path cannot, in a coroutine)


class Silent:
    """An audience that wants to know nothing."""

    def begins(self, stage: str, total: int | None = None) -> None:
        """Nothing."""

    def comes_to(self, done: int) -> None:
        """Nothing."""


async def test_two_workers_drain_a_crowd_together(scratch: Path) -> None:
    options = BenchOptions(
        events=EVENTS,
        devices=DEVICES,
        partitions=4,
        seed=1,
        latency_s=0,
        latency_warm_up_s=0,
        baseline_s=0,
        scaling_devices=DEVICES,
    )
    crowd = Crowd(workers=2, devices=DEVICES, partitions=4)
    async with asyncio.timeout(WAIT_S):
        scaled = await drain_crowd(crowd, options, Settings(), Silent(), scratch)
    assert (scaled.workers, scaled.devices, scaled.partitions) == crowd
    assert scaled.events_per_s > 0
    # Both had partitions: neither could have decided all of them by itself without the other's.
    # (The first one may have had all of them for a moment, until the second one joined.)
    logs = [(scratch / f"worker-{number}.log").read_text() for number in (1, 2)]
    assert all(log.count("lane.serving") >= 2 for log in logs)
