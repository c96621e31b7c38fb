# Goal: a developer's broker behaves as one expects of a database on a folder: it comes back with
# its data whatever ended it, nobody else's process is touched, and nothing is left behind.
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.free_ports import free_port
from deploy.kafka.local import BrokerOptions, LocalKafka
from events.errors import Misconfigured, TransientFailure

BIOLATCH = Path(sys.executable).with_name("biolatch")
TOPIC = "kept"


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while is_running(pid):  # noqa: ASYNC110 (another process gives no event to wait for)
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def create_topic(broker: LocalKafka) -> None:
    async with KafkaAdmin(broker.bootstrap_servers) as admin:
        assert await admin.create(TOPIC, partitions=1, replication=1, settings={})


async def write(broker: LocalKafka, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all") as producer:
        await producer.send_and_wait(TOPIC, value)


async def read(broker: LocalKafka, count: int) -> list[bytes]:
    async with consumer(broker) as records:
        return [(await anext(records)).value for _ in range(count)]


@asynccontextmanager
async def consumer(broker: LocalKafka) -> AsyncIterator[AIOKafkaConsumer]:
    records = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    )
    records.assign([TopicPartition(TOPIC, 0)])
    await records.start()
    try:
        yield records
    finally:
        await records.stop()


async def test_a_ready_broker_serves_clients_on_the_loopback_address_only(
    kafka: LocalKafka,
) -> None:
    assert await kafka.answers()
    assert kafka.process is not None
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(kafka.process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert listening


async def test_a_second_start_finds_the_first(kafka: LocalKafka) -> None:
    again = LocalKafka(kafka.folder.path)
    assert await again.start() is False
    assert again.process is not None
    assert kafka.process is not None
    assert again.process.pid == kafka.process.pid


async def test_a_running_broker_does_not_move_to_another_port(kafka: LocalKafka) -> None:
    elsewhere = LocalKafka(kafka.folder.path, options=BrokerOptions(port=free_port()))
    with pytest.raises(Misconfigured, match="already runs"):
        await elsewhere.start()


async def test_address_and_data_outlive_a_crash_and_a_restart(fresh_kafka: LocalKafka) -> None:
    address = fresh_kafka.bootstrap_servers
    await create_topic(fresh_kafka)
    await write(fresh_kafka, b"before the crash")
    assert await fresh_kafka.kill()
    assert fresh_kafka.process is None
    assert not await fresh_kafka.answers()

    assert await fresh_kafka.start()
    assert fresh_kafka.bootstrap_servers == address
    await write(fresh_kafka, b"after it")

    await fresh_kafka.restart()
    assert fresh_kafka.bootstrap_servers == address
    assert await read(fresh_kafka, 2) == [b"before the crash", b"after it"]


async def test_two_starts_at_once_give_one_broker(tmp_path: Path) -> None:
    one, other = LocalKafka(tmp_path), LocalKafka(tmp_path)
    try:
        outcomes = await asyncio.gather(one.start(), other.start(), return_exceptions=True)
        assert outcomes[0] is True
        assert isinstance(outcomes[1], TransientFailure)
        assert outcomes[1].code == "kafka.folder-busy"
    finally:
        await one.stop()
    assert await one.stop() is False


async def test_another_process_with_the_recorded_id_is_left_alone(tmp_path: Path) -> None:
    bystander = await asyncio.create_subprocess_exec("sleep", "60")
    broker = LocalKafka(tmp_path)
    broker.folder.pid_file.write_text(f"{bystander.pid}\n")
    assert broker.process is None
    assert await broker.stop() is False
    assert await broker.kill() is False
    assert is_running(bystander.pid)
    bystander.kill()
    await bystander.wait()


@pytest.mark.parametrize(
    ("properties", "code", "said"),
    [
        (
            {"num.io.threads": "0"},
            "kafka.format-failed",
            "num.io.threads: Value must be at least 1",
        ),
        ({"authorizer.class.name": "no.such.Class"}, "kafka.start-failed", "no.such.Class"),
    ],
)
async def test_a_broker_that_gives_up_says_why_and_leaves_nothing(
    tmp_path: Path, properties: dict[str, str], code: str, said: str
) -> None:
    broken = LocalKafka(tmp_path, options=BrokerOptions(properties=properties))
    with pytest.raises(Misconfigured) as failed:
        await broken.start()
    assert failed.value.code == code
    assert said in str(failed.value)
    assert "\tat " not in str(failed.value)
    assert broken.process is None


async def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        port = other_program.getsockname()[1]
        broker = LocalKafka(tmp_path, options=BrokerOptions(port=port))
        with pytest.raises(Misconfigured, match=f"port {port} on 127.0.0.1 is taken"):
            await broker.start()
    assert broker.process is None


async def test_a_cancelled_start_leaves_no_broker(tmp_path: Path) -> None:
    broker = LocalKafka(tmp_path)
    starting = asyncio.create_task(broker.start())
    while broker.process is None:  # noqa: ASYNC110 (as above)
        await asyncio.sleep(0.01)
    pid = broker.process.pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await until_gone(pid)


async def test_a_bound_broker_dies_with_its_parent_even_if_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from deploy.kafka.local import LocalKafka\n"
        "broker = LocalKafka(Path(sys.argv[1])); asyncio.run(broker.start())\n"
        "print(broker.process.pid, flush=True); sys.stdin.read()"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(tmp_path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.communicate()
    await until_gone(pid)


@pytest.mark.long
def test_the_command_line_starts_a_daemon_that_the_other_commands_find(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("BIOLATCH_KAFKA")
    }

    def biolatch(*arguments: str) -> tuple[int, dict[str, object]]:
        ended = subprocess.run(  # noqa: S603 (our own console script)
            [str(BIOLATCH), *arguments, "--json"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.stdout, ended.stderr
        return ended.returncode, json.loads(ended.stdout)

    code, started = biolatch("kafka", "start")
    try:
        assert (code, started["started"], started["ready"]) == (0, True, True)
        code, again = biolatch("kafka", "start")
        assert (code, again["started"], again["pid"]) == (0, False, started["pid"])
        code, applied = biolatch("topics", "apply")
        assert code == 0
        assert applied["bootstrap_servers"] == started["bootstrap_servers"]
        assert biolatch("kafka", "stop") == (0, {"stopped": True})
        code, status = biolatch("kafka", "status")
        assert (code, status["ready"], status["pid"]) == (4, False, None)
    finally:
        if is_running(pid := int(str(started["pid"]))):
            os.kill(pid, signal.SIGKILL)
