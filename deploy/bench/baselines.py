"""What others do with the same records, on the same broker and in the same run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from deploy.bench.baseline.counting import BaselineOrder, Reading
from deploy.bench.child_process import Child, child, python_module
from events.errors import TransientFailure

_START_WAIT_S: Final = 60.0
_SETTLE_SHARE: Final = 0.2
"""Of the measured time, passed before it from the first record on: until the stream is steady."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How fast another one is.

    Attributes:
        name: what it is.
        events: that it had within the measured time.
        seconds: the measured time.
        events_per_s: the rate.
        cpu_us_per_event: processor time of its process.
    """

    name: str
    events: int
    seconds: float
    events_per_s: float
    cpu_us_per_event: float


async def stock_faust(order: BaselineOrder, *, seconds: float, folder: Path) -> Baseline:
    """Faust with its default settings and one table write per event.

    Raises:
        InvariantBroken: it ended.
        TransientFailure: it had nothing for too long.
    """
    program = python_module("deploy.bench.baseline.stock_faust", _text(order))
    async with child("stock-faust", program, folder=folder) as faust:
        first = await _first_with_records(faust)
        settled_at_s = first.at_s + _SETTLE_SHARE * seconds
        start = await _heard_after(faust, settled_at_s, enough=order.records // 2)
        last = await _heard_after(faust, start.at_s + seconds, enough=order.records)
    return _between("stock Faust, one table write per event", start, last)


async def bare_reader(order: BaselineOrder, *, folder: Path) -> Baseline:
    """Nothing but `getmany` of aiokafka, from the first call until it has had all records.

    Raises:
        InvariantBroken: it ended.
        TransientFailure: it had nothing for too long.
    """
    program = python_module("deploy.bench.baseline.bare_reader", _text(order))
    async with child("bare-reader", program, folder=folder) as reader:
        start = last = await _heard(reader)
        while last.records < order.records:
            last = await _heard(reader)
        await reader.until_done(_START_WAIT_S)
    return _between("bare aiokafka reader, no work", start, last)


async def _first_with_records(program: Child) -> Reading:
    started = reading = await _heard(program)
    while not reading.records:
        if reading.at_s - started.at_s > _START_WAIT_S:
            raise TransientFailure(
                "bench.baseline-idle", f"{program.name} had no record for {_START_WAIT_S:.0f} s"
            )
        reading = await _heard(program)
    return reading


async def _heard(program: Child) -> Reading:
    return msgspec.convert(await program.hear(_START_WAIT_S), Reading)


async def _heard_after(program: Child, at_s: float, *, enough: int) -> Reading:
    """The first reading from that moment on, or the first that has enough records."""
    reading = await _heard(program)
    while reading.at_s < at_s and reading.records < enough:
        reading = await _heard(program)
    return reading


def _between(name: str, start: Reading, last: Reading) -> Baseline:
    events = last.records - start.records
    seconds = last.at_s - start.at_s
    if not events:
        raise TransientFailure("bench.too-few-events", f"{name}: over before it was measured")
    return Baseline(
        name=name,
        events=events,
        seconds=seconds,
        events_per_s=events / seconds,
        cpu_us_per_event=(last.cpu_s - start.cpu_s) / events * 1_000_000,
    )


def _text(order: BaselineOrder) -> str:
    return msgspec.json.encode(order).decode()
