# Goal: a record that stops its partition stops no other; `skip` frees the partition, once, while
# the worker runs; and whatever stands in the way is said, with what to do.
import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.device_rows import ROW_FORMAT
from deploy.cli import run
from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from schemas.sizing import LOCAL
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, VERDICTS
from tests.auditor.records import RawRecord
from tests.faults.edges import CHANGELOG, Edges, edges
from tests.journeys.topic_dump import dump
from tests.kafka.commands.command_line import Program, Ran
from tests.kafka.commands.phone import Phone

NEWER_FORMAT = bytes([ROW_FORMAT + 1])


@pytest.fixture
async def staged(fresh_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Edges]:
    async with edges(fresh_kafka, tmp_path) as staged:
        yield staged


async def biolatch(servers: str, *arguments: str) -> Ran:
    with Program(servers, *arguments) as program:
        return await asyncio.to_thread(program.end)


async def make_row_unreadable(staged: Edges, phone: Phone) -> None:
    """As a newer version would have left it."""
    key = phone.device.encode()
    *_, row = (each for each in await staged.rows() if each.key == key)
    async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
        await producer.send_and_wait(
            CHANGELOG, NEWER_FORMAT + (row.value or b"")[1:], key=key, partition=row.partition
        )


async def attempts(staged: Edges, *phones: Phone) -> list[int]:
    offsets: list[int] = []
    for phone in phones:
        phone.attempt("ana", "key-1", "matched", "login-1")
        offsets += await staged.publish(phone)
    return offsets


def id_of(record: RawRecord) -> str:
    return (dict(record.headers)["ce_id"] or b"").decode()


async def test_skip_frees_a_parked_partition_while_the_others_go_on(staged: Edges) -> None:
    broken, behind, elsewhere = staged.phone(0), staged.phone(0), staged.phone(1)
    for phone in (broken, behind, elsewhere):
        phone.enable("ana", "key-1")
        await staged.publish(phone)
    await staged.decided()
    await make_row_unreadable(staged, broken)
    await staged.restart()
    stopping, *_ = await attempts(staged, broken, behind, elsewhere)
    await staged.said("lane.parked")
    await staged.verdicts(2, partition=1)
    assert f"biolatch skip 0 {stopping}".encode() in staged.worker.log.read_bytes()

    too_far = await biolatch(staged.servers, "skip", "0", f"{stopping + 1}")
    assert (too_far.code, too_far.out) == (ExitCode.FAILED, "")
    assert too_far.err.startswith("error[skip.not_next]: Nothing was skipped: partition 0 stands ")
    assert too_far.err.endswith(f"biolatch skip 0 {stopping}\n")

    # The worker looks again and again whether it may go on; who comes just then is told to repeat.
    ran = await biolatch(staged.servers, "skip", "0", f"{stopping}")
    while ran.code == ExitCode.UNAVAILABLE:
        assert ran.err.startswith("error[skip."), ran.err
        ran = await biolatch(staged.servers, "skip", "0", f"{stopping}")
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert ran.out.startswith(f"Skipped device-events/0/{stopping}, of device {broken.device}.\n")
    await staged.verdicts(3, partition=0)
    await staged.decided()

    again = await biolatch(staged.servers, "skip", "0", f"{stopping}", "--json")
    assert again.code == ExitCode.FAILED
    assert json.loads(again.out) == {
        "skipped": False,
        "topic": DEVICE_EVENTS,
        "partition": 0,
        "offset": stopping,
        "next_offset": None,
    }
    await attempts(staged, behind, elsewhere)
    await staged.decided()
    verdicts = await dump(staged.servers, [VERDICTS], partitions=LOCAL.partitions)
    assert sorted(id_of(each) for each in verdicts) == [
        f"{DEVICE_EVENTS}/{number}/{offset}/0"
        for number, offset in ((0, 0), (0, 1), (0, 3), (0, 4), (1, 0), (1, 1), (1, 2))
    ]
    [letter] = await dump(staged.servers, [DEAD_LETTERS], partitions=LOCAL.partitions)
    assert (letter.partition, letter.key) == (0, broken.device.encode())
    assert dict(letter.headers)["biolatch-original-offset"] == b"%d" % stopping
    assert dict(letter.headers)["biolatch-error-code"] == b"operator.skipped"


async def test_skip_answers_machines_and_needs_no_worker(staged: Edges) -> None:
    phone = staged.phone(2)
    phone.enable("ana", "key-1")
    await staged.worker.kill()
    await staged.publish(phone)

    ran = await biolatch(staged.servers, "skip", "2", "0", "--json")

    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert json.loads(ran.out) == {
        "skipped": True,
        "topic": DEVICE_EVENTS,
        "partition": 2,
        "offset": 0,
        "device_id": phone.device,
        "code": "operator.skipped",
        "dead_letter_topic": DEAD_LETTERS,
        "next_offset": 1,
    }
    await staged.decided()
    absent = await biolatch(staged.servers, "skip", "4", "0")
    assert absent.code == ExitCode.USAGE
    assert f"{DEVICE_EVENTS} has no partition 4: it has 0 to 3" in absent.err


async def test_a_partition_that_must_not_be_served_is_not_skipped_either(staged: Edges) -> None:
    await staged.worker.kill()
    async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
        await producer.send_and_wait(CHANGELOG, b"a row", key=b"phone-1", partition=3)

    ran = await biolatch(staged.servers, "skip", "3", "0")

    assert (ran.code, ran.out) == (ExitCode.MISCONFIGURED, "")
    assert ran.err.startswith("error[partition.unservable]: the changelog holds rows and no posit")


def test_what_stands_in_the_way_is_said(
    topics_kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", topics_kafka.bootstrap_servers)
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "nobody")
    assert run(("skip", "0", "0")) == ExitCode.MISCONFIGURED
    assert "has no topic nobody-devices-changelog" in capsys.readouterr().err
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(("skip", "0", "0")) == ExitCode.UNAVAILABLE
    assert "error[kafka.unreachable]" in capsys.readouterr().err
