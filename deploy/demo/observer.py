"""Watches the topics that biolatch writes, as any consumer may, and finds the answers to an event.

Owns what has been seen so far: it keeps every record in memory, so it is made for a story and not
for production. Must never look into a worker: everything here was read `read_committed` from a
topic. Outputs are found by their ids, which name the input record that they answer.
"""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from agents.lane.port import Partition
from deploy.demo.log_ends import LogEnds
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.topic_record import TopicRecord
from schemas.topics import TopicName, Topology

JsonObject: TypeAlias = dict[str, Any]

_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Output:
    """A verdict or a decision: its kind (`refused`, `fallback-required`) and its data."""

    kind: str
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that one event has led to.

    Attributes:
        verdict: None as long as none was seen.
        decisions: in their order.
        state: the device's public state behind the event; None for a device without users.
        seen_ns: when the last of these outputs was seen (`time.monotonic_ns`).
    """

    verdict: Output | None
    decisions: tuple[Output, ...]
    state: JsonObject | None
    seen_ns: int


@dataclass(frozen=True, slots=True)
class OutputCounts:
    """How much was written.

    Attributes:
        verdicts: by kind.
        decisions: by kind.
        dead_letters: input that could not be decoded.
        repeated: verdicts and decisions that came more than once; 0, if once is exactly once.
    """

    verdicts: Counter[str]
    decisions: Counter[str]
    dead_letters: int
    repeated: int


@dataclass(slots=True)
class _Seen:
    outputs: dict[int, Output] = field(default_factory=dict[int, Output])
    last_ns: int = 0


class Observer:
    """An open reader of all output topics, from its opening on."""

    def __init__(self, bootstrap_servers: str, topology: Topology) -> None:
        """Prepare; nothing happens before it is entered."""
        self._reader: Final = TopicReader(Connection(bootstrap_servers=bootstrap_servers))
        self._log: Final = LogEnds(bootstrap_servers)
        self._open: Final = AsyncExitStack()
        self._topology: Final = topology
        self._positions: dict[Partition, int] = {}
        self._seen: defaultdict[str, _Seen] = defaultdict(_Seen)
        self._states: dict[str, JsonObject | None] = {}
        self._records: list[TopicRecord] = []
        self._repeated = 0
        self._news: Final = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect, and read whatever is written from now on."""
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._reader)
            await opening.enter_async_context(self._log)
            inputs = await self._reader.partitions(self._topology.device_events.name)
            partitions = [
                Partition(topic.name, partition.number)  # every topic has as many
                for topic in self._topology.outputs
                for partition in inputs
            ]
            self._positions = await self._log.ends(partitions)
            self._reader.start(self._positions)
            self._reading = asyncio.create_task(self._read(), name="observer")
            opening.push_async_callback(self._stop_reading)
            self._open.push_async_exit(opening.pop_all())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._open.aclose()

    async def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def answer(self, partition: int, offset: int, device: str, *, wait_s: float) -> Answer:
        """Everything that the input record at this place has led to.

        Returns as soon as its verdict was seen, and with it the rest of its transaction. What is
        there after `wait_s` is returned as it is.
        """
        seen = self._seen[f"{self._topology.device_events.name}/{partition}/{offset}"]
        try:
            async with asyncio.timeout(wait_s):
                await self._until(lambda: 0 in seen.outputs)
                await self.catch_up(partition)
        except TimeoutError:
            pass
        in_order = tuple(seen.outputs[index] for index in sorted(seen.outputs) if index > 0)
        return Answer(seen.outputs.get(0), in_order, self._states.get(device), seen.last_ns)

    async def catch_up(self, partition: int | None = None) -> None:
        """Return when everything that is written by now was seen; in all partitions or in one."""
        ends = await self._log.ends(
            each for each in self._positions if partition in (None, each.number)
        )
        await self._until(lambda: all(self._positions[each] >= end for each, end in ends.items()))

    def counts(self) -> OutputCounts:
        """How much was seen in all."""
        verdicts: Counter[str] = Counter()
        decisions: Counter[str] = Counter()
        for seen in self._seen.values():
            for index, output in seen.outputs.items():
                (decisions if index else verdicts)[output.kind] += 1
        letters = sum(
            record.partition.topic == self._topology.dead_letters.name for record in self._records
        )
        return OutputCounts(verdicts, decisions, letters, self._repeated)

    def topics_with(self, text: str) -> list[TopicName]:
        """Which output topics carry this text anywhere: in a key, a value or a header."""
        searched = text.encode()
        carrying = {
            record.partition.topic
            for record in self._records
            for part in (record.key, record.value, *(value for _, value in record.headers))
            if part is not None and searched in part
        }
        return [topic.name for topic in self._topology.outputs if topic.name in carrying]

    async def _read(self) -> None:
        partitions = list(self._positions)
        try:
            while True:
                polled = await self._reader.poll(partitions, key=None, wait_s=_POLL_S)
                now_ns = time.monotonic_ns()
                for partition, news in polled.items():
                    for record in news.records:
                        self._take(record, now_ns)
                    self._positions[partition] = news.position
                await self._tell()
        finally:
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _take(self, record: TopicRecord, now_ns: int) -> None:
        self._records.append(record)
        match record.partition.topic:
            case self._topology.verdicts.name | self._topology.decisions.name:
                origin, _, index = (record.header("ce_id") or "").rpartition("/")
                seen = self._seen[origin]
                kind = (record.header("ce_type") or "").split(".")[2]
                self._repeated += int(index) in seen.outputs
                seen.outputs[int(index)] = Output(kind, json.loads(record.value or b"{}"))
                seen.last_ns = now_ns
            case self._topology.device_state.name:
                device = (record.key or b"").decode()
                self._states[device] = None if record.value is None else json.loads(record.value)
            case _:
                pass

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with self._news:
            while not condition():
                if self._reading is not None and self._reading.done():
                    self._reading.result()  # raises what ended the reading
                await self._news.wait()
