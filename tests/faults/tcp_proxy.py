"""A seeded TCP proxy in front of a broker: what networks do to clients, on demand.

It forwards whole Kafka frames, so it knows which answer it withholds: a broker that has done what
it was asked, and a client that never hears of it.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress

from tests.faults.kafka_frames import (
    correlation_of_answer,
    correlation_of_request,
    kind_of_request,
    read_frame,
)

_FIRST_BYTES = 64
_SLICE_BYTES_MAX = 4096


class Proxy:
    """Forwards between clients and one broker, as well as it is told to.

    Attributes:
        delay_s: each frame waits up to so long, in both directions.
        slices: answers arrive in many small pieces.
        port: where it listens.
        withheld: how many answers of each kind were swallowed.
    """

    def __init__(self, port: int, broker_port: int, seed: str) -> None:
        self.delay_s = 0.0
        self.slices = False
        self.withheld: Counter[int] = Counter()
        self.port = port
        self._broker_port = broker_port
        self._chance = random.Random(seed)
        self._passing = asyncio.Event()
        self._passing.set()
        self._to_withhold: Counter[int] = Counter()
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Accept clients."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Refuse clients, and cut off those that are there."""
        assert self._server is not None
        self._server.close()
        self.heal()
        self.cut()
        if self._pumps:
            await asyncio.wait(self._pumps)

    def cut(self, share: float = 1.0) -> int:
        """Reset a share of the connections, at random; return how many."""
        chosen = self._some(share)
        for link in chosen:
            link.abort()
        return len(chosen)

    def half_open(self, share: float = 1.0) -> int:
        """Close these towards the broker, while their clients go on talking to nobody."""
        chosen = self._some(share)
        for link in chosen:
            link.forget_broker()
        return len(chosen)

    def hold(self) -> None:
        """Let nothing pass, in neither direction, until `release`; nothing is lost."""
        self._passing.clear()

    def release(self) -> None:
        """Let everything pass again."""
        self._passing.set()

    def withhold(self, kind: int) -> None:
        """Swallow the next answer to a request of this kind, and cut that connection or not."""
        self._to_withhold[kind] += 1

    def heal(self) -> None:
        """Be a good network again; what is cut or half open stays so."""
        self.delay_s = 0.0
        self.slices = False
        self._to_withhold.clear()
        self.release()

    def swallows(self, kind: int) -> bool:
        """Whether this answer is one to withhold; it is counted then."""
        if not self._to_withhold[kind]:
            return False
        self._to_withhold[kind] -= 1
        self.withheld[kind] += 1
        return True

    def cuts_after_swallowing(self) -> bool:
        """Half of the time the client sees its connection end, else it hears nothing."""
        return self._chance.random() < 0.5

    async def pass_on(self, frame: bytes, writer: asyncio.StreamWriter, *, sliced: bool) -> None:
        """Forward a frame as the network is now."""
        await self._passing.wait()
        if self.delay_s:
            await asyncio.sleep(self._chance.uniform(0, self.delay_s))
        for piece in self._pieces(frame) if sliced and self.slices else (frame,):
            writer.write(piece)
            await writer.drain()

    def _pieces(self, frame: bytes) -> list[bytes]:
        """The first bytes nearly one by one: headers are where parsers fail."""
        pieces, at = [], 0
        while at < len(frame):
            most = 7 if at < _FIRST_BYTES else _SLICE_BYTES_MAX
            size = self._chance.randint(1, most)
            pieces.append(frame[at : at + size])
            at += size
        return pieces

    def _some(self, share: float) -> "list[_Link]":
        links = sorted(self._links, key=lambda link: link.number)
        return self._chance.sample(links, round(len(links) * share))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.transport.abort()
        else:
            link = _Link(self, (reader, writer), broker)
            self._links.add(link)
            await link.run()
            self._links.discard(link)
        finally:
            self._pumps.discard(task)


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One client's connection, and the one to the broker behind it."""

    made = 0

    def __init__(self, proxy: Proxy, client: _Ends, broker: _Ends) -> None:
        _Link.made += 1
        self.number = _Link.made
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_broker, self._to_broker = broker
        self._kinds: dict[int, int] = {}
        self._hushed = False

    async def run(self) -> None:
        """Forward until either side ends, then end the other."""
        requests = asyncio.create_task(self._requests())
        answers = asyncio.create_task(self._answers())
        await asyncio.wait({requests})
        self.abort()
        await asyncio.wait({answers})

    def abort(self) -> None:
        """Reset both connections."""
        self._to_client.transport.abort()
        self._to_broker.transport.abort()

    def forget_broker(self) -> None:
        """Close the broker's side; the client's stays open and silent."""
        self._hushed = True
        self._to_broker.transport.abort()

    async def _requests(self) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await read_frame(self._from_client)
                if not self._hushed:
                    self._kinds[correlation_of_request(frame)] = kind_of_request(frame)
                    await self._proxy.pass_on(frame, self._to_broker, sliced=False)

    async def _answers(self) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await read_frame(self._from_broker)
                kind = self._kinds.pop(correlation_of_answer(frame), -1)
                if self._proxy.swallows(kind):
                    if self._proxy.cuts_after_swallowing():
                        self.abort()
                    else:
                        self.forget_broker()
                    return
                await self._proxy.pass_on(frame, self._to_client, sliced=True)
        if not self._hushed:
            self.abort()
