"""The notifier as processes that are killed, against an endpoint that fails, hangs and restarts."""

import asyncio
import base64
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from standardwebhooks import Webhook

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.partitioner import partition_of
from deploy.reference.notifications import every_decision
from deploy.topic_setup import Wishes, apply
from schemas.topics import DECISIONS, topology
from tests.journeys.commands import BIOLATCH, environment
from tests.webhook_receiver import Received, Receiver, close_at_once, hang, status

WAIT_S = 90
DEVICES, EACH = 20, 10
SECRET = b"s" * 32


class Crowd:
    """Decisions of many devices, as the devices agent writes them."""

    def __init__(self, name: str) -> None:
        self.devices = [f"{name}-{number}" for number in range(DEVICES)]

    async def publish(self, servers: str, numbers: range, partitions: int) -> None:
        example = next(iter(every_decision())).decision
        async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
            for number in numbers:
                for device in self.devices:
                    decision = msgspec.structs.replace(example, device_id=device)
                    await producer.send(
                        DECISIONS,
                        msgspec.json.encode(decision),
                        key=device.encode(),
                        partition=partition_of(device.encode(), partitions),
                        headers=[
                            ("ce_id", f"{device}/{number}".encode()),
                            ("ce_time", b"2026-01-31T08:00:00.000Z"),
                            ("ce_type", decision.event_type.encode()),
                        ],
                    )

    def told(self, received: list[Received]) -> dict[str, list[tuple[int, str]]]:
        """Number and id of what each device was told, in order; only of these devices."""
        told: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for each in received:
            device, _, number = each.data["decision_id"].rpartition("/")
            if device in self.devices:
                told[device].append((int(number), each.id))
        return told

    def is_told(self, received: list[Received]) -> bool:
        told = self.told(received)
        return all(
            {number for number, _ in told[device]} == set(range(EACH)) for device in self.devices
        )


@asynccontextmanager
async def notifier(
    servers: str, folder: Path, *, ends_with: signal.Signals = signal.SIGTERM
) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {
        "BIOLATCH_NOTIFIER__ENDPOINTS_FILE": str(folder / "endpoints.toml"),
        "BIOLATCH_NOTIFIER__TIMEOUT_S": "0.5",
        "BIOLATCH_NOTIFIER__TRIES_MAX": "100",
        "BIOLATCH_NOTIFIER__BACKOFF_S_MIN": "0.05",
        "BIOLATCH_NOTIFIER__BACKOFF_S_MAX": "0.2",
        "BIOLATCH_NOTIFIER__BREAKER_PAUSE_S_MIN": "0.1",
        "BIOLATCH_NOTIFIER__BREAKER_PAUSE_S_MAX": "0.5",
    }
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            BIOLATCH,
            "run",
            "--agents",
            "notifier",
            env=environment(servers) | settings,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.send_signal(ends_with)
            await asyncio.wait_for(process.wait(), WAIT_S)


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_killed_notifiers_lose_nothing_and_repeat_with_the_same_id_in_order(
    kafka: LocalKafka, tmp_path: Path
) -> None:
    servers = kafka.bootstrap_servers
    async with KafkaAdmin(servers) as admin:
        await apply(admin, topology(), Wishes())
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        partitions = len(await producer.partitions_for(DECISIONS))
    crowd, chance = Crowd(f"crowd-{tmp_path.name}"), random.Random(1)
    receiver = Receiver()
    answers = [status(500), close_at_once, hang, *[status(200)] * 40]

    async def unreliable(request: Received, writer: asyncio.StreamWriter) -> None:
        await chance.choice(answers)(request, writer)

    receiver.behaves = unreliable

    async def some_of_the_crowd(count: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while sum(map(len, crowd.told(receiver.received).values())) < count:  # noqa: ASYNC110 - polled
                await asyncio.sleep(0.01)

    async with receiver:
        (tmp_path / "secret").write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "endpoints.toml").write_text(
            f'[[endpoints]]\nname = "push"\nurl = "{receiver.url}"\nsecret_files = ["secret"]\n'
        )
        await crowd.publish(servers, range(EACH // 2), partitions)
        async with notifier(servers, tmp_path, ends_with=signal.SIGKILL):
            await some_of_the_crowd(20)
        await crowd.publish(servers, range(EACH // 2, EACH), partitions)
        async with notifier(servers, tmp_path, ends_with=signal.SIGKILL):
            await some_of_the_crowd(60)
            await receiver.stop()
            await receiver.start()
            await some_of_the_crowd(100)
        async with notifier(servers, tmp_path) as last:
            async with asyncio.timeout(WAIT_S):
                while not crowd.is_told(receiver.received):
                    assert last.returncode is None, (tmp_path / "log").read_text()
                    await asyncio.sleep(0.05)
        assert last.returncode == 0

    ids: dict[tuple[str, int], set[str]] = defaultdict(set)
    for device, told in crowd.told(receiver.received).items():
        for number, message_id in told:
            ids[device, number].add(message_id)
        numbers = [number for number, _ in told]
        assert list(dict.fromkeys(numbers)) == list(range(EACH))
        assert all(after <= before + 1 for before, after in pairwise(numbers))
    assert len(ids) == DEVICES * EACH
    assert all(len(of_one) == 1 for of_one in ids.values())
    assert len(set.union(*ids.values())) == DEVICES * EACH
    for each in receiver.received[-20:]:
        Webhook(SECRET).verify(each.body, each.headers)
    assert crowd.devices[0] not in (tmp_path / "log").read_text()
