# Goal: damaged public states are what the rows say again, while the worker goes on.
import asyncio
import json
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from schemas.sizing import LOCAL
from schemas.topics import DEVICE_STATE
from tests.faults.edges import Edges, edges
from tests.journeys.topic_dump import dump
from tests.kafka.commands.command_line import Program


async def states(staged: Edges) -> dict[bytes | None, bytes]:
    records = await dump(staged.servers, [DEVICE_STATE], partitions=LOCAL.partitions)
    last = {each.key: each.value for each in sorted(records, key=lambda each: each.offset)}
    return {key: value for key, value in last.items() if value is not None}


async def restored(staged: Edges, *options: str) -> int:
    arguments = ("topics", "restore", "device-state", "--json", *options)
    with Program(staged.servers, *arguments) as program:
        ran = await asyncio.to_thread(program.end)
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    return sum(each["written"] for each in json.loads(ran.out)["partitions"])


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_states_that_are_lost_or_wrong_are_written_anew_while_the_worker_goes_on(
    fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    async with edges(fresh_kafka, tmp_path) as staged:
        lost, wrong, right = (staged.phone(number) for number in range(3))
        for phone in (lost, wrong, right):
            phone.enable("ana", "key-1")
            await staged.publish(phone)
        await staged.decided()
        before = await states(staged)
        async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
            for number, key, value in (
                (0, lost.device.encode(), None),
                (1, wrong.device.encode(), b"{}"),
                (2, b"nobody", b"{}"),
            ):
                await producer.send_and_wait(DEVICE_STATE, value, key=key, partition=number)
        assert await restored(staged, "--dry-run") == 3
        assert await restored(staged) == 3
        assert await states(staged) == before
        assert await restored(staged) == 0
        lost.attempt("ana", "key-1", "matched", "login-1")
        await staged.publish(lost)
        await staged.verdicts(2, partition=0)
