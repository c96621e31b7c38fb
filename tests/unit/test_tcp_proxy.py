"""The proxy of the fault campaigns does what it says to whom it says, and nothing to the others."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from deploy.kafka.free_ports import free_port
from tests.faults.kafka_frames import Kind, read_frame
from tests.faults.tcp_proxy import Proxy

WAIT_S = 5.0
METADATA = 3


def frame(payload: bytes) -> bytes:
    return struct.pack(">i", len(payload)) + payload


def request(kind: int, correlation: int) -> bytes:
    return frame(struct.pack(">hhi", kind, 0, correlation) + bytes(200))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A broker that answers every request with its correlation id."""
    try:
        while True:
            asked = await read_frame(reader)
            writer.write(frame(asked[8:12] + bytes(300)))
    except (asyncio.IncompleteReadError, OSError):
        writer.close()


class Client:
    def __init__(self, port: int) -> None:
        self._port = port

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, kind: int, correlation: int) -> bytes:
        self.writer.write(request(kind, correlation))
        async with asyncio.timeout(WAIT_S):
            return await read_frame(self.reader)

    async def hears_the_end(self) -> bool:
        try:
            async with asyncio.timeout(WAIT_S):
                return await self.reader.read(1) == b""
        except OSError:
            return True


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    port, broker_port = free_port(), free_port()
    broker = await asyncio.start_server(_answer, "127.0.0.1", broker_port)
    running = Proxy(port, broker_port, "seed")
    await running.start()
    yield running
    await running.stop()
    broker.close()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    connected = Client(proxy.port)
    await connected.connect()
    yield connected
    connected.writer.transport.abort()


async def test_answers_pass_whole_also_in_slices_and_late(proxy: Proxy, client: Client) -> None:
    whole = await client.ask(METADATA, 1)
    assert whole == frame(struct.pack(">i", 1) + bytes(300))
    proxy.slices, proxy.delay_s = True, 0.01
    assert len(await client.ask(METADATA, 2)) == len(whole)


async def test_only_the_named_kind_of_answer_is_withheld_and_once(
    proxy: Proxy, client: Client
) -> None:
    proxy.withhold(Kind.END_TXN)
    await client.ask(METADATA, 1)
    assert not proxy.withheld
    client.writer.write(request(Kind.END_TXN, 2))
    await asyncio.wait_for(_until_withheld(proxy), WAIT_S)
    other = Client(proxy.port)
    await other.connect()
    await other.ask(Kind.END_TXN, 1)
    assert proxy.withheld == {Kind.END_TXN: 1}
    other.writer.transport.abort()


async def test_a_cut_connection_ends_and_a_new_one_passes(proxy: Proxy, client: Client) -> None:
    await client.ask(METADATA, 1)
    assert proxy.cut() == 1
    assert await client.hears_the_end()
    client.writer.transport.abort()
    await client.connect()
    await client.ask(METADATA, 2)


async def test_a_half_open_connection_says_nothing_more(proxy: Proxy, client: Client) -> None:
    await client.ask(METADATA, 1)
    assert proxy.half_open() == 1
    client.writer.write(request(METADATA, 2))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.read(1), 0.2)


async def test_what_is_held_passes_later(proxy: Proxy, client: Client) -> None:
    proxy.hold()
    asking = asyncio.create_task(client.ask(METADATA, 1))
    await asyncio.sleep(0.05)
    assert not asking.done()
    proxy.release()
    await asking


async def _until_withheld(proxy: Proxy) -> None:
    while not proxy.withheld:  # noqa: ASYNC110 - the proxy tells when asked
        await asyncio.sleep(0.005)
