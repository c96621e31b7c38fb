# Goal: what is said to be published is stored, once, in order and in its partition, whatever
# happens to the broker.
import asyncio
import json
import os
import pty
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from deploy.exit_codes import ExitCode
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from deploy.records.topic_record import TopicRecord
from deploy.topic_setup import Wishes, apply
from schemas.inputs import decode
from schemas.sizing import LOCAL
from schemas.topics import topology
from tests.kafka.commands.command_line import Program, Ran
from tests.kafka.commands.phone import Phone
from tests.kafka.commands.stored import stored, stored_at_least


def a_crowd(phones: int, events: int) -> list[str]:
    """Lines of many phones, mixed."""
    crowd = [Phone() for _ in range(phones)]
    for _ in range(events):
        for phone in crowd:
            phone.event("enrollment.declined", user_id="user-1", channel="settings")
    return [line for lines in zip(*(phone.lines for phone in crowd), strict=True) for line in lines]


def ids_by_device(records: Sequence[TopicRecord]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        ids[(record.key or b"").decode()].append(record.header("ce_id") or "")
    return ids


def sent_by_device(lines: Sequence[str]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        event = json.loads(line)
        ids[event["subject"]].append(event["id"])
    return ids


def test_lines_become_records_that_consumers_read(
    biolatch: Callable[..., Ran], connection: Connection, tmp_path: Path
) -> None:
    phone = Phone()
    phone.enable("user-1", "key-1")
    phone.attempt("user-1", "key-1", "matched", "login-1")
    ran = biolatch("publish", phone.written(tmp_path))
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert ran.out.startswith("2 events published, 0 lines refused, in ")

    records = asyncio.run(stored(connection, device=phone.device))
    for record, line in zip(records, phone.lines, strict=True):
        event = json.loads(line)
        key = phone.device.encode()
        assert record.partition.number == partition_of(key, LOCAL.partitions)
        assert dict(record.headers) == {
            **{f"ce_{name}": event[name].encode() for name in event if name != "data"},
            "content-type": b"application/json",
        }
        assert json.loads(record.value or b"") == event["data"]
        fact = decode(
            record.key,
            record.value,
            record.headers,
            timestamp_ms=record.timestamp_ms,
            offset=record.offset,
        )
        assert fact.event_id == event["id"]


def test_thousands_of_lines_keep_the_order_of_each_device(
    biolatch: Callable[..., Ran], connection: Connection, tmp_path: Path
) -> None:
    lines = a_crowd(phones=50, events=200)
    lines[1234] = "{}"
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    ran = biolatch("publish", "--json", str(file))
    assert ran.code == ExitCode.FAILED
    assert ran.err == "line 1235: refused[envelope.attribute_missing]: specversion is missing\n"
    report = json.loads(ran.out)
    assert (report["complete"], report["published"], report["refused"]) == (True, 9_999, 1)
    assert report["next_line"] == 10_001

    del lines[1234]
    sent = sent_by_device(lines)
    found = ids_by_device(asyncio.run(stored(connection)))
    assert {device: found[device] for device in sent} == sent


def test_a_device_with_more_than_fits_into_a_batch_keeps_its_order(
    biolatch: Callable[..., Ran], connection: Connection, tmp_path: Path
) -> None:
    phone = Phone()
    for number in range(150):
        phone.event(
            "enrollment.revoked",
            user_id=f"user-{number}",
            reason_admin=f"{number}" * 4_000,
            allow_re_enable=True,
        )
    assert biolatch("publish", phone.written(tmp_path)).code == ExitCode.OK
    records = asyncio.run(stored(connection, device=phone.device))
    assert ids_by_device(records) == sent_by_device(phone.lines)


def test_a_slow_pipe_is_published_as_it_comes_and_ctrl_c_ends_it(
    topics_kafka: LocalKafka, connection: Connection
) -> None:
    phone = Phone()
    for _ in range(3):
        phone.event("enrollment.declined", user_id="user-1", channel="settings")
    with Program(topics_kafka.bootstrap_servers, "publish", "-") as program:
        for count, line in enumerate(phone.lines[:2], start=1):
            program.write(line + "\n")
            asyncio.run(stored_at_least(connection, count, device=phone.device))
        program.write(phone.lines[2][:40])  # half a line is no line
        program.interrupt()
        # It does not wait for the end of its input.
        assert program.process.wait(30) == ExitCode.INTERRUPTED
        ran = program.end()
    assert ran.out == ""
    assert ran.err.startswith("2 events are known to be published, 0 lines refused.")
    assert "--from-line 3" in ran.err
    assert "Traceback" not in ran.err
    assert len(asyncio.run(stored(connection, device=phone.device))) == 2


def test_on_a_terminal_a_bar_shows_and_only_the_answer_is_on_standard_output(
    topics_kafka: LocalKafka, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(a_crowd(phones=20, events=100)), encoding="utf-8")
    terminal, its_end = pty.openpty()
    with Program(topics_kafka.bootstrap_servers, "publish", str(file), stderr=its_end) as program:
        os.close(its_end)
        ran = program.end()
    shown = b""
    while piece := _rest(terminal):
        shown += piece
    os.close(terminal)
    assert ran.code == ExitCode.OK
    assert ran.out.startswith("2,000 events published")
    assert b"publishing" in shown
    assert b"events" in shown


def _rest(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other end is closed
        return b""


async def _with_topics(kafka: LocalKafka) -> Connection:
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await apply(admin, topology(), Wishes())
    return Connection(bootstrap_servers=kafka.bootstrap_servers)


async def _write(program: Program, lines: Sequence[str]) -> None:
    await asyncio.to_thread(program.write, "".join(line + "\n" for line in lines))


async def _ran(*arguments: str, at: LocalKafka) -> Ran:
    with Program(at.bootstrap_servers, *arguments) as program:
        return await asyncio.to_thread(program.end)


async def test_a_killed_broker_is_waited_for_and_nothing_is_lost_or_doubled(
    fresh_kafka: LocalKafka,
) -> None:
    missing = await _ran("publish", "-", at=fresh_kafka)
    assert missing.code == ExitCode.MISCONFIGURED
    assert "biolatch topics apply" in missing.err

    connection = await _with_topics(fresh_kafka)
    lines = a_crowd(phones=40, events=300)
    with Program(fresh_kafka.bootstrap_servers, "publish", "-") as program:
        await _write(program, lines[:3_000])
        await stored_at_least(connection, 1)
        await fresh_kafka.kill()
        # More than it reads ahead, so this ends only when it publishes again.
        writing = asyncio.create_task(_write(program, lines[3_000:]))
        await fresh_kafka.start()
        await writing
        ran = await asyncio.to_thread(program.end)
    assert ran.code == ExitCode.OK, ran.err
    assert ran.out.startswith("12,000 events published, 0 lines refused")
    assert ids_by_device(await stored(connection)) == sent_by_device(lines)


@pytest.mark.long
async def test_after_giving_up_it_says_where_to_go_on_and_going_on_loses_nothing(
    fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    connection = await _with_topics(fresh_kafka)
    lines = a_crowd(phones=10, events=100)
    with Program(
        fresh_kafka.bootstrap_servers, "publish", "-", "--json", "--retry-for", "1"
    ) as program:
        await _write(program, lines[:500])
        await stored_at_least(connection, 500)
        await fresh_kafka.kill()
        await _write(program, lines[500:])
        ran = await asyncio.to_thread(program.end)
    assert ran.code == ExitCode.UNAVAILABLE
    assert "error[kafka.unreachable]" in ran.err
    report = json.loads(ran.out)
    assert (report["complete"], report["published"]) == (False, report["next_line"] - 1)
    # What was stored when the broker died may not be known to be.
    assert report["published"] <= 500

    await fresh_kafka.start()
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    going_on = await _ran(
        "publish", str(file), "--from-line", str(report["next_line"]), at=fresh_kafka
    )
    assert going_on.code == ExitCode.OK, going_on.err
    found = ids_by_device(await stored(connection))
    for device, sent in sent_by_device(lines).items():
        assert list(dict.fromkeys(found[device])) == sent
