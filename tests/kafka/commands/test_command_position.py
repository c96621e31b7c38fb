# Goal: a partition whose position does not fit its input goes on where an operator says, while the
# worker runs; what that repeats or loses is said before; and nothing that is served is touched.
import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.errors import KafkaError

from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from schemas.sizing import LOCAL
from schemas.topics import DEVICE_EVENTS, VERDICTS
from tests.faults.edges import Edges, edges, until
from tests.faults.group_watch import group_admin
from tests.journeys.topic_dump import dump
from tests.kafka.commands.command_line import Program, Ran
from tests.kafka.commands.phone import Phone


@pytest.fixture
async def staged(fresh_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Edges]:
    async with edges(fresh_kafka, tmp_path) as staged:
        yield staged


async def position_reset(staged: Edges, *arguments: str) -> Ran:
    with Program(staged.servers, "position", "reset", *arguments) as program:
        return await asyncio.to_thread(program.end)


async def told(staged: Edges, *arguments: str) -> dict[str, Any]:
    ran = await position_reset(staged, *arguments, "--json")
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    said: dict[str, Any] = json.loads(ran.out)
    return said


async def attempt(staged: Edges, phone: Phone, times: int = 1) -> None:
    for number in range(times):
        phone.attempt("ana", "key-1", "matched", f"login-{number}")
    await staged.publish(phone)


@pytest.mark.long
@pytest.mark.timeout(300)  # a broker of its own, on a busy machine
async def test_a_partition_whose_events_were_deleted_goes_on_with_what_is_left(
    staged: Edges,
) -> None:
    phone, elsewhere = staged.phone(0), staged.phone(1)
    for each in (phone, elsewhere):
        each.enable("ana", "key-1")
        await staged.publish(each)
    await staged.decided()
    await staged.worker.kill()
    await attempt(staged, phone, times=3)
    async with group_admin(staged.servers) as admin:
        address = TopicPartition(DEVICE_EVENTS, 0)
        await admin.delete_records({address: RecordsToDelete(before_offset=3)})
    await staged.worker.start()
    await staged.worker.joined()
    await staged.said("lane.parked")

    served = await position_reset(staged, "1", "--to-earliest", "--apply")
    assert (served.code, served.out) == (ExitCode.FAILED, "")
    assert "error[position.served]" in served.err
    assert "Stop the workers first" in served.err
    beyond = await position_reset(staged, "0", "--to-offset", "99", "--apply")
    assert (beyond.code, beyond.out) == (ExitCode.FAILED, "")
    assert "99 is not among them" in beyond.err

    plan = await told(staged, "0", "--to-earliest")
    assert (plan["applied"], plan["stood_at"], plan["offset"]) == (False, 1, 3)
    assert (plan["deleted_offsets"], plan["again"]["records"], plan["rows_changed"]) == (2, 0, 0)
    assert "events were deleted before they were read" in plan["not_served_because"]
    assert staged.worker.said("lane.operator-has-decided") == 0

    ran = await position_reset(staged, "0", "--to-earliest", "--apply")
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert "It goes on at 3:" in ran.out
    await staged.said("lane.operator-has-decided")
    await attempt(staged, elsewhere)
    await staged.decided()
    verdicts = await dump(staged.servers, [VERDICTS], partitions=LOCAL.partitions)
    assert sorted((dict(each.headers)["ce_id"] or b"").decode() for each in verdicts) == [
        f"{DEVICE_EVENTS}/{number}/{offset}/0"
        for number, offset in ((0, 0), (0, 3), (1, 0), (1, 1))
    ]


async def make_anew(staged: Edges) -> None:
    """Delete the input and create it again, empty."""
    async with group_admin(staged.servers) as admin:
        await admin.delete_topics([DEVICE_EVENTS])

        async def made() -> bool:
            try:
                topic = NewTopic(DEVICE_EVENTS, LOCAL.partitions, 1)
                answer = await admin.create_topics([topic])
            except KafkaError:
                return False
            return not answer.topic_errors[0][1]

        await until(made)


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_rows_do_not_take_an_input_that_was_made_anew_for_the_one_they_know(
    staged: Edges,
) -> None:
    phone = staged.phone(0)
    phone.enable("ana", "key-1")
    await attempt(staged, phone, times=5)
    await staged.decided()
    await staged.worker.kill()
    await make_anew(staged)
    await attempt(staged, phone)
    await staged.worker.start()
    await staged.worker.joined()
    await staged.said("lane.parked")

    plan = await told(staged, "0", "--to-earliest")
    assert (plan["stood_at"], plan["offset"], plan["rows_changed"]) == (6, 0, 1)
    assert (plan["again"]["records"], plan["passed_over"]["records"]) == (1, 0)
    assert (await told(staged, "0", "--to-input-end"))["passed_over"]["records"] == 1
    await told(staged, "0", "--to-earliest", "--apply")

    await staged.verdicts(7, partition=0)
    verdicts = await dump(staged.servers, [VERDICTS], partitions=[0])
    assert [json.loads(each.value or b"").get("reason") for each in verdicts] == [None] * 7
    assert b"verdict.accepted" in (dict(verdicts[-1].headers)["ce_type"] or b"")


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_what_was_decided_and_comes_again_changes_no_device_twice(staged: Edges) -> None:
    phone = staged.phone(0)
    phone.enable("ana", "key-1")
    phone.attempt("ana", "key-1", "rejected", "login-1")
    await staged.publish(phone)
    await staged.decided()
    assert await staged.worker.end(signal.SIGTERM) == 0
    rows = await staged.rows()

    plan = await told(staged, "0", "--to-offset", "0", "--apply")
    assert (plan["again"]["records"], plan["rows_changed"], plan["assigned_to"]) == (2, 0, None)
    await staged.worker.start()
    await staged.worker.joined()
    await staged.decided()
    await attempt(staged, phone)
    await staged.verdicts(3, partition=0)
    verdicts = await dump(staged.servers, [VERDICTS], partitions=[0])
    assert len(verdicts) == 3
    key = phone.device.encode()
    assert [each.value for each in await staged.rows() if each.key == key][:-1] == [
        each.value for each in rows if each.key == key
    ]
