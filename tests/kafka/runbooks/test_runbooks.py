# Goal: each runbook's commands, run in the situation that the runbook is for, end well and mend it.
import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from agents.device_rows import ROW_FORMAT
from deploy.kafka.local import LocalKafka
from schemas.sizing import LOCAL
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.auditor.records import RawRecord
from tests.faults.edges import CHANGELOG, Edges, edges, until
from tests.faults.group_watch import GroupWatch, group_admin
from tests.journeys.commands import environment
from tests.journeys.topic_dump import dump
from tests.kafka.commands.phone import Phone
from tests.kafka.repartition.one_layout import MORE, caught_up

DOCS = Path(__file__).parents[3] / "docs"
FENCED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK_WAIT_S = 300

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


@pytest.fixture
async def staged(fresh_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Edges]:
    async with edges(fresh_kafka, tmp_path) as staged:
        yield staged


async def walk(staged: Edges, page: str) -> str:
    """Run every command of a page, in order; return what they print."""
    blocks = FENCED.findall((DOCS / page).read_text(encoding="utf-8"))
    assert blocks
    printed = ""
    for block in blocks:
        done = await asyncio.to_thread(_run, staged.servers, block)
        assert done.returncode == 0, f"{page}: {block}\n{done.stdout}\n{done.stderr}"
        printed += done.stdout
    return printed


def _run(servers: str, block: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603 (our own pages)
        ["/bin/bash", "-eu", "-o", "pipefail", "-c", block],
        env=environment(servers) | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=BLOCK_WAIT_S,
        check=False,
    )


async def put_row(staged: Edges, key: bytes, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
        await producer.send_and_wait(CHANGELOG, value, key=key, partition=0)


async def row_of(staged: Edges, phone: Phone) -> bytes:
    *_, row = (each for each in await staged.rows() if each.key == phone.device.encode())
    assert row.value is not None
    return row.value


async def matched(staged: Edges, phone: Phone) -> None:
    phone.attempt("ana", "key-1", "matched", "login-1")
    await staged.publish(phone)


def of(records: list[RawRecord], phone: Phone) -> list[RawRecord]:
    return [each for each in records if each.key == phone.device.encode()]


async def test_each_runbook_mends_what_it_is_for(staged: Edges) -> None:
    phone, bystander = staged.phone(0), staged.phone(1)
    for each in (phone, bystander):
        each.enable("ana", "key-1")
        await staged.publish(each)
    await staged.decided()
    looked = await walk(staged, "runbooks/doctor.md")
    assert "1 in group biolatch" in looked
    assert '"errors": 0' in looked

    await a_record_stops_its_partition(staged, phone)
    await events_are_deleted_before_they_are_decided(staged, phone)
    state = await the_public_states_are_gone(staged, phone)

    assert "Nothing has to move." in await walk(staged, "runbooks/repartition.md")
    await staged.worker.start()
    await staged.worker.joined()
    await caught_up(staged.servers, MORE)
    moved = of(await dump(staged.servers, [DEVICE_STATE], partitions=MORE), phone)
    assert [each.value for each in moved if each.value is not None][-1] == state


async def a_record_stops_its_partition(staged: Edges, phone: Phone) -> None:
    """By a row that this version cannot read; it is skipped, then the row mended, and replayed."""
    row = await row_of(staged, phone)
    await put_row(staged, phone.device.encode(), bytes([ROW_FORMAT + 1]) + row[1:])
    await staged.restart()
    await matched(staged, phone)
    await staged.said("lane.parked")
    assert "Skipped device-events/0/1" in await walk(staged, "runbooks/skip.md")
    await staged.said("lane.operator-has-decided")
    await staged.decided()

    assert await staged.worker.end(signal.SIGTERM) == 0
    await put_row(staged, phone.device.encode(), row)
    await staged.worker.start()
    await staged.worker.joined()
    assert "1  published again" in await walk(staged, "runbooks/dead-letters-replay.md")
    await staged.verdicts(2, partition=0)
    verdicts = of(await dump(staged.servers, [VERDICTS], partitions=LOCAL.partitions), phone)
    assert dict(verdicts[-1].headers)["ce_type"] == b"biolatch.verdict.accepted.v1"
    assert len(await dump(staged.servers, [DEAD_LETTERS], partitions=LOCAL.partitions)) == 1


async def events_are_deleted_before_they_are_decided(staged: Edges, phone: Phone) -> None:
    assert await staged.worker.end(signal.SIGTERM) == 0
    for _ in range(2):
        await matched(staged, phone)
    end = (await GroupWatch(staged.servers, LOCAL.partitions).input_ends())[0]
    async with group_admin(staged.servers) as admin:
        until_last = RecordsToDelete(before_offset=end - 1)
        await admin.delete_records({TopicPartition(DEVICE_EVENTS, 0): until_last})
    await staged.worker.start()
    await staged.worker.joined()
    await staged.said("lane.parked")
    assert f"It goes on at {end - 1}:" in await walk(staged, "runbooks/position.md")
    await staged.said("lane.operator-has-decided")
    await staged.decided()


async def the_public_states_are_gone(staged: Edges, phone: Phone) -> bytes | None:
    """Return the state of the phone, which is as it was."""
    assert await staged.worker.end(signal.SIGTERM) == 0
    states = of(await dump(staged.servers, [DEVICE_STATE], partitions=LOCAL.partitions), phone)
    async with group_admin(staged.servers) as admin:
        await admin.delete_topics([DEVICE_STATE])

        async def gone() -> bool:
            return DEVICE_STATE not in {each["topic"] for each in await admin.describe_topics()}

        await until(gone)
    assert "0 would be written." in await walk(staged, "runbooks/restore-device-state.md")
    restored = of(await dump(staged.servers, [DEVICE_STATE], partitions=LOCAL.partitions), phone)
    assert [each.value for each in restored] == [states[-1].value]
    return states[-1].value


def test_the_command_of_the_sizing_page_is_there() -> None:
    [block] = FENCED.findall((DOCS / "how-to" / "sizing.md").read_text(encoding="utf-8"))
    assert _run("127.0.0.1:1", block).returncode == 0
