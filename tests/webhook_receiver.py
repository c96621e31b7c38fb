"""An HTTP server of a test's own, which answers, fails, hangs, or goes away as the test says."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


Behaviour: TypeAlias = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def status(code: int, **headers: str) -> Behaviour:
    """Answer with this status at once."""

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {code} X", "content-length: 2"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", "ok"]).encode())

    return answer


async def hang(_request: Received, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def close_at_once(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Take the request, and close without an answer."""
    writer.close()


async def close_in_the_body(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Take the message, and lose the connection while saying so."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart")
    writer.close()


async def close_in_the_head(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Lose the connection in the middle of the answer's first line."""
    writer.write(b"HTTP/1.1 2")
    writer.close()


async def talk_without_end(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Take the message, and never come to an end."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@dataclass
class Receiver:
    """The server; use it as an asynchronous context manager."""

    behaves: Behaviour = field(default_factory=lambda: status(204))
    port: int = 0
    tls: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list[Received])
    _server: asyncio.Server | None = None
    serving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/hooks"

    async def start(self) -> None:
        """Listen, on the port that it had if it was stopped."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything, whoever is being served."""
        assert self._server is not None
        self._server.close()
        for task in self.serving:
            task.cancel()
        if self.serving:
            await asyncio.wait(self.serving)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while not writer.is_closing():
                    request = await _read(reader)
                    self.received.append(request)
                    await self.behaves(request, writer)
                    await writer.drain()
        finally:
            self.serving.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0].split()[1], headers, body)
