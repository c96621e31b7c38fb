"""`biolatch read-api` as it runs: a real Kafka behind it, a real HTTP client before it."""

import asyncio
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from biolatch_client import KafkaConnection
from deploy.cli import run
from deploy.exit_codes import ExitCode
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from schemas.topics import DEVICE_STATE, topology
from tests.client.read_api_process import TOKEN, ServedApi, served_api
from tests.client.test_answers import value_with

ENABLED = value_with(status="enabled", reason=None)
DISABLED = value_with(status="disabled")
WITHIN_S = 60.0


def write(bootstrap_servers: str, device_id: str, value: bytes | None) -> None:
    """Publish the state of a device, as a worker does."""

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
            await producer.send_and_wait(DEVICE_STATE, value, key=device_id.encode())

    asyncio.run(send())


def until(fact: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
    """Wait until it is so."""
    give_up_at = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.fixture(scope="module")
def api(topics_kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    folder = tmp_path_factory.mktemp("read-api")
    with served_api(topics_kafka.bootstrap_servers, folder) as api:
        until(lambda: api.client.get("/readyz").status_code == 200)
        yield api


def test_a_device_is_told_as_kafka_has_it_and_follows(
    api: ServedApi, connection: KafkaConnection
) -> None:
    device = f"phone/{uuid.uuid4().hex[:8]} %2F?#&;=+~"
    path = f"/devices/{quote(device, safe='')}"
    assert api.client.get(path).status_code == 404
    write(connection.bootstrap_servers, device, ENABLED)
    until(lambda: api.client.get(path).status_code == 200)
    first = api.client.get(path)
    assert first.json()["users"]["ana"]["status"] == "enabled"
    assert api.client.get(f"{path}/users/ana/permission").json()["permission"] == "may"
    tag = {"if-none-match": first.headers["etag"]}
    assert api.client.get(path, headers=tag).status_code == 304
    write(connection.bootstrap_servers, device, DISABLED)
    until(lambda: api.client.get(path, headers=tag).status_code == 200)
    assert api.client.get(f"{path}/users/ana/permission").json()["why"] == "disabled"
    head = api.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(api.client.get(path).content)
    write(connection.bootstrap_servers, device, None)
    until(lambda: api.client.get(path).status_code == 404)
    assert not any("phone" in line for line in api.log)


def test_a_token_is_handed_out_and_withdrawn_while_it_serves(api: ServedApi) -> None:
    second = "second-" * 8
    other = {"authorization": f"Bearer {second}"}
    assert api.client.get("/devices/x", headers=other).status_code == 401
    with api.tokens_file.open("a") as file:
        file.write(f"\n{second}\n")
    assert api.client.get("/devices/x", headers=other).status_code == 404
    assert api.client.get("/devices/x").status_code == 404
    api.tokens_file.write_text(TOKEN)
    assert api.client.get("/devices/x", headers=other).status_code == 401
    until(lambda: any('"route": "/devices/{device_id}"' in line for line in api.log))
    assert not any(TOKEN in line or second in line for line in api.log)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /devices/" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /devices/\xff\x00 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /devices/%ff%zz HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_it_serves_on(
    api: ServedApi, request_bytes: bytes
) -> None:
    address = (api.client.base_url.host, api.client.base_url.port or 0)
    with socket.create_connection(address, timeout=30) as raw:
        raw.sendall(request_bytes)
        assert raw.recv(64).startswith(b"HTTP/1.1 4")
    assert api.client.get("/healthz").status_code == 200


def test_it_is_on_this_machine_only(api: ServedApi) -> None:
    assert api.client.base_url.host == "127.0.0.1"


def test_without_tokens_or_with_a_taken_port_it_does_not_start(
    api: ServedApi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("BIOLATCH_READ_API__TOKENS_FILE", raising=False)
    assert run(["read-api"]) == ExitCode.MISCONFIGURED
    assert "error[read-api.tokens-unset]: " in capsys.readouterr().err
    monkeypatch.setenv("BIOLATCH_READ_API__TOKENS_FILE", str(api.tokens_file))
    monkeypatch.setenv("BIOLATCH_READ_API__PORT", str(api.client.base_url.port))
    assert run(["read-api"]) == ExitCode.MISCONFIGURED
    assert "error[read-api.address]: " in capsys.readouterr().err


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_it_fails_closed_while_kafka_is_away_and_is_back_by_itself(tmp_path: Path) -> None:
    async def start() -> LocalKafka:
        broker = LocalKafka(tmp_path / "kafka")
        await broker.start()
        async with KafkaAdmin(broker.bootstrap_servers) as admin:
            await apply(admin, topology(), Wishes())
        return broker

    broker = asyncio.run(start())
    try:
        write(broker.bootstrap_servers, "phone-1", ENABLED)
        settings = {"BIOLATCH_READ_API__STALE_AFTER_S": "2"}
        with served_api(broker.bootstrap_servers, tmp_path, settings) as api:
            path = "/devices/phone-1/users/ana/permission"
            until(lambda: api.client.get(path).status_code == 200)
            asyncio.run(broker.stop())
            until(lambda: api.client.get(path).status_code == 503, within_s=300)
            assert api.client.get(path).json()["type"] == "urn:biolatch:problem:stale"
            assert api.client.get("/readyz").status_code == 503
            assert api.client.get("/healthz").status_code == 200
            asyncio.run(broker.start())
            until(lambda: api.client.get(path).status_code == 200, within_s=300)
    finally:
        asyncio.run(broker.stop())


def test_ctrl_c_ends_it_in_good_order(topics_kafka: LocalKafka, tmp_path: Path) -> None:
    with served_api(topics_kafka.bootstrap_servers, tmp_path) as api:
        os.kill(api.program.process.pid, signal.SIGINT)
        assert api.program.process.wait(30) == 0
        with pytest.raises(httpx2.TransportError):
            api.client.get("/healthz")
