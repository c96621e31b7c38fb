"""All that is known of one device: how its users stand, and what happened, read with a bound."""

import time
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, NamedTuple

from agents.lane.port import Partition
from deploy.inspection.causes import Causes
from deploy.inspection.history import Step, history
from deploy.inspection.standing import read_state
from deploy.records.partitioner import partition_of
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, firsts, merged
from deploy.records.topic_record import Span, TopicRecord
from deploy.web_console.live.states_view import StatesView
from events.public_state import PublicState
from schemas.topics import DEVICE_EVENTS, DEVICE_STATE

STEPS_MAX: Final = 200
"""The newest steps of a device are shown; some phone may have any number."""
REACH_FIRST: Final = 250_000
"""How many events of a partition are looked through at first: a few seconds."""
REACH_STEP: Final = 4
"""How much further the next look goes."""


class LookupRequest(NamedTuple):
    """What somebody wants to know.

    Attributes:
        device: its id.
        reach: how many of the newest offsets of a partition are looked through.
        everywhere: in all partitions, not only in the device's own.
    """

    device: str
    reach: int = REACH_FIRST
    everywhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStory:
    """What was found.

    Attributes:
        request: what was asked for.
        read_at_ms: when.
        home: the partition that the device belongs to.
        state: what the public state says; None where there is none.
        as_of: the input that the state stems from; empty where there is no state.
        elsewhere: partitions other than its own in which it has a state or a step.
        steps: the newest steps, the oldest of them first.
        step_count: how many there were in all.
        causes: what made each user stand as they do.
        since_ms: how far back was looked; None: as far as the topics go.
    """

    request: LookupRequest
    read_at_ms: int
    home: int
    state: PublicState | None
    as_of: str
    elsewhere: tuple[int, ...]
    steps: tuple[Step, ...]
    step_count: int
    causes: Causes
    since_ms: int | None

    @property
    def is_known(self) -> bool:
        """Whether anything was found."""
        return self.state is not None or bool(self.step_count)


async def read_story(
    reader: TopicReader, states: StatesView, request: LookupRequest, on_progress: ScanProgress
) -> DeviceStory:
    """Read what there is.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: a topic is missing, Kafka refuses, or a newer biolatch wrote the state.
    """
    inputs = await reader.partitions(DEVICE_EVENTS)
    home = partition_of(request.device.encode(), len(inputs))
    only = [each.number for each in inputs] if request.everywhere else [home]
    since_ms = await _since(reader, [inputs[number] for number in only], request.reach)
    causes, steps, count, found = Causes(), deque[Step](maxlen=STEPS_MAX), 0, set[int]()
    told = history(reader, request.device, since_ms=since_ms, only=only, on_progress=on_progress)
    async with aclosing(told) as every:
        async for step in every:
            causes.take(step)
            steps.append(step)
            count += 1
            found.add(step.origin.partition)
    # Read last, so that it is not older than the last step.
    record, lies_in = await _state_record(reader, states, request.device)
    return DeviceStory(
        request=request,
        read_at_ms=int(time.time() * 1000),
        home=home,
        state=None if record is None else read_state(record),
        as_of="" if record is None else record.header("biolatch-as-of") or "",
        elsewhere=tuple(sorted((found | lies_in) - {home})),
        steps=tuple(steps),
        step_count=count,
        causes=causes,
        since_ms=since_ms,
    )


async def _since(reader: TopicReader, inputs: list[Partition], reach: int) -> int | None:
    """The instant from which on no partition has more than so many offsets; None: no bound."""
    spans = await reader.spans(inputs)
    cut = {
        each: Span(span.end - reach, span.end)
        for each, span in spans.items()
        if span.end - reach > span.start
    }
    oldest = await firsts(reader, cut)
    return max((record.timestamp_ms for record in oldest.values()), default=None)


async def _state_record(
    reader: TopicReader, states: StatesView, device: str
) -> tuple[TopicRecord | None, set[int]]:
    """The newest state of the device, and the partitions that have one."""
    ends = await reader.spans(await reader.partitions(DEVICE_STATE))
    if states.health.is_loaded:
        spans = [
            (place.partition, Span(place.offset, ends[place.partition].end))
            for place in states.standings.places_of(device)
        ]
    else:
        home = Partition(DEVICE_STATE, partition_of(device.encode(), len(ends)))
        spans = [(home, ends[home])]
    found = [
        record
        for partition, span in spans
        if (record := await _last_of(reader, device, partition, span)) is not None
    ]
    newest = max(found, key=lambda record: record.timestamp_ms, default=None)
    return newest, {record.partition.number for record in found}


async def _last_of(
    reader: TopicReader, device: str, partition: Partition, span: Span
) -> TopicRecord | None:
    """The device's last record of a span, which is known to be its first one, if it is there.

    Where it is not, a newer one has replaced it a moment ago, or nothing is known yet: then all of
    the span is read.
    """
    key = device.encode()
    first = {partition: Span(span.start, min(span.start + 1, span.end))}
    async for record in merged(reader, first, key=key):
        return record
    last: TopicRecord | None = None
    async for record in merged(reader, {partition: span}, key=key):
        last = record
    return last
