# Goal: from 4 to 12 partitions, killed at every step, with events that wait, erased devices and
# every kind of event before and after: nothing is lost, nothing is done twice, order is kept.
import asyncio
import json
import os
import signal
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.device_rows import decode_row
from agents.erasure_keys import read_erasure_keys
from deploy.exit_codes import ExitCode
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.partitioner import partition_of
from schemas.sizing import LOCAL
from schemas.topics import (
    DEAD_LETTERS,
    DECISIONS,
    DEVICE_EVENTS,
    DEVICE_STATE,
    VERDICTS,
    topology,
)
from tests.auditor.audit import differences
from tests.auditor.audit_rows import row_differences
from tests.auditor.changelog import POSITION_KEY, read_position
from tests.auditor.model import Model
from tests.auditor.records import RawRecord, Topics
from tests.faults.devices_worker import POLICY
from tests.faults.edges import CHANGELOG, Edges, edges
from tests.faults.group_watch import GroupWatch
from tests.journeys.commands import biolatch
from tests.journeys.topic_dump import dump
from tests.kafka.commands.command_line import Program, Ran
from tests.kafka.repartition.one_layout import MORE, OneLayout, bursts, caught_up
from tests.property.history import endless

EVENTS, WAITING = 1_200, 200
SETTING = "BIOLATCH_ERASURE__MARK_KEYS_FILE"
RESERVED = b"\x00"


@pytest.fixture
async def staged(fresh_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Edges]:
    keys = str(tmp_path / "erasure-keys.json")
    biolatch(fresh_kafka.bootstrap_servers, "erasure-key", "generate", keys)
    os.environ[SETTING] = keys
    try:
        async with edges(fresh_kafka, tmp_path) as staged:
            yield staged
    finally:
        del os.environ[SETTING]


def last(records: Sequence[RawRecord]) -> dict[tuple[int, bytes], RawRecord]:
    """The last record of each partition and key that is not deleted."""
    found = {
        (each.partition, each.key or b""): each for each in sorted(records, key=lambda r: r[2])
    }
    return {place: record for place, record in found.items() if record.value is not None}


async def contents(
    staged: Edges, topic: str, partitions: int
) -> dict[tuple[int, bytes], RawRecord]:
    return last(await dump(staged.servers, [topic], partitions=partitions))


def by_device(records: dict[tuple[int, bytes], RawRecord]) -> dict[bytes, RawRecord]:
    return {key: each for (_, key), each in records.items() if not key.startswith(RESERVED)}


async def publish(staged: Edges, records: Sequence[RawRecord], partitions: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
        sent = [
            await producer.send(
                DEVICE_EVENTS,
                record.value,
                key=record.key,
                headers=list(record.headers),
                partition=partition_of(record.key or b"", partitions),
            )
            for record in records
        ]
        await asyncio.gather(*sent)


async def repartition(staged: Edges, *options: str, until_step: str | None = None) -> Ran:
    """Run the command; with a step, kill it as soon as it says that it does this."""
    arguments = ("topics", "repartition", str(MORE), *options)
    with Program(staged.servers, *arguments) as program:
        if until_step is not None:
            assert program.process.stderr is not None
            for line in program.process.stderr:
                if until_step in line.decode():
                    program.process.kill()
                    break
        return await asyncio.to_thread(program.end)


@pytest.mark.long
@pytest.mark.timeout(300)  # a broker of its own, on a busy machine
async def test_devices_keep_rows_states_and_order_when_partitions_are_added(
    staged: Edges,
) -> None:
    phones = [staged.phone(number) for number in range(LOCAL.partitions) for _ in range(3)]
    for phone in phones:
        phone.enable("ana", "key-1")
        phone.attempt("ana", "key-1", "rejected", "login-1")
        await staged.publish(phone)
    await staged.decided()

    refused = await repartition(staged, "--apply")
    assert (refused.code, refused.out) == (ExitCode.FAILED, "")
    assert "error[repartition.workers-run]" in refused.err
    assert await staged.worker.end(signal.SIGTERM) == 0
    rows = by_device(await contents(staged, CHANGELOG, LOCAL.partitions))
    states = by_device(await contents(staged, DEVICE_STATE, LOCAL.partitions))

    planned = json.loads((await repartition(staged, "--json")).out)
    assert (planned["applied"], planned["devices"], planned["waiting_events"]) == (False, 12, 0)
    assert (await repartition(staged, "--apply")).code == ExitCode.OK

    for key, row in (await contents(staged, CHANGELOG, MORE)).items():
        if not key[1].startswith(RESERVED):
            assert key[0] == partition_of(key[1], MORE)
            assert decode_row(row.value or b"").users == decode_row(rows[key[1]].value or b"").users
    moved = await contents(staged, DEVICE_STATE, MORE)
    assert {key: each[5:] for key, each in by_device(moved).items()} == {
        key: each[5:] for key, each in states.items()
    }
    assert all(number == partition_of(key, MORE) for number, key in moved)
    assert len(moved) == len(phones)

    await staged.worker.start()
    await staged.worker.joined()
    for phone in phones:
        phone.attempt("ana", "key-1", "matched", "login-2")
    with Program(staged.servers, "publish", "-") as program:
        program.write("".join(f"{line}\n" for phone in phones for line in phone.lines))
        assert (await asyncio.to_thread(program.end)).code == ExitCode.OK
    await caught_up(staged.servers, MORE)
    verdicts = await dump(staged.servers, [VERDICTS], partitions=MORE)
    accepted = [
        each
        for each in verdicts
        if dict(each.headers)["ce_type"] == b"biolatch.verdict.accepted.v1"
    ]
    assert {each.key for each in accepted} == {phone.device.encode() for phone in phones}
    assert all(each.partition == partition_of(each.key or b"", MORE) for each in accepted)


@pytest.mark.drill
@pytest.mark.timeout(1500)
async def test_a_history_before_and_after_is_what_the_auditor_expects(
    staged: Edges, tmp_path: Path
) -> None:
    history = endless(
        seed=12, devices=40, malformed_share=0.03, structured_share=0.1, retried_share=0.05,
        wild_share=0.05, partitions=1,
    )  # fmt: skip
    await publish(staged, bursts(history, EVENTS), LOCAL.partitions)
    await staged.decided()
    assert await staged.worker.end(signal.SIGTERM) == 0
    await publish(staged, bursts(history, WAITING), LOCAL.partitions)  # they wait
    rows = by_device(await contents(staged, CHANGELOG, LOCAL.partitions))
    states = by_device(await contents(staged, DEVICE_STATE, LOCAL.partitions))
    ends = await GroupWatch(staged.servers, LOCAL.partitions).input_ends()

    for step in ("growing biolatch.decisions", "growing biolatch.device-events", "fencing",
                 "reading", "keep the times", "writing"):  # fmt: skip
        killed = await repartition(staged, "--apply", until_step=step)
        assert killed.code == -signal.SIGKILL, step
    done = await repartition(staged, "--apply", "--json")
    assert done.code == ExitCode.OK, done.err
    assert json.loads(done.out)["waiting_events_moved"]
    again = json.loads((await repartition(staged, "--json")).out)
    assert again["nothing_to_do"]
    async with KafkaAdmin(staged.servers) as admin:
        topics = await admin.topics([topic.name for topic in topology().topics])
    assert {each.partitions for each in topics.values()} == {MORE}
    assert topics[DEVICE_EVENTS].settings["message.timestamp.type"] == "LogAppendTime"

    moved_rows = by_device(await contents(staged, CHANGELOG, MORE))
    assert moved_rows.keys() == rows.keys()
    moved_states = by_device(await contents(staged, DEVICE_STATE, MORE))
    assert {key: each[5:] for key, each in moved_states.items()} == {
        key: each[5:] for key, each in states.items()
    }

    await staged.worker.start()
    await staged.worker.joined()
    await publish(staged, bursts(history, EVENTS), MORE)
    await caught_up(staged.servers, MORE)
    found = await _audited(staged, tmp_path, ends)
    assert found == []


async def _audited(staged: Edges, folder: Path, ends: dict[int, int]) -> list[str]:
    """Everything on all topics, judged as if there had been twelve partitions all along."""
    on = {
        topic.name: await dump(staged.servers, [topic.name], partitions=MORE, wait_s=120)
        for topic in topology().topics
    }
    secret_file = folder / "erasure-keys.json"
    layout = OneLayout(on[DEVICE_EVENTS], ends, MORE)
    found = differences(
        layout.inputs,
        verdicts=layout.outputs(on[VERDICTS], "ce_id"),
        decisions=layout.outputs(on[DECISIONS], "ce_id"),
        dead_letters=layout.letters(on[DEAD_LETTERS]),
        device_states=layout.states(on[DEVICE_STATE]),
        policy=POLICY,
    )
    model = Model(POLICY, Topics())
    for record in sorted(layout.inputs, key=lambda each: each[1:3]):
        model.step(record)
    keys = read_erasure_keys(secret_file)
    found += row_differences(model, layout.rows(on[CHANGELOG], keys), _secret(secret_file))
    final = last(on[CHANGELOG])
    for number, end in (await GroupWatch(staged.servers, MORE).input_ends()).items():
        position = read_position(final[number, POSITION_KEY].value)
        if (position.next_offset, position.partition_count) != (end, MORE):
            found.append(f"partition {number}: {position}, and its input ends at {end}")
    return found


def _secret(file: Path) -> bytes:
    text: str = json.loads(file.read_text(encoding="utf-8"))["keys"][0]["k"]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
