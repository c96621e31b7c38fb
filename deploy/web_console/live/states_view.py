"""The compacted topic of device states, followed: every device's standing, and where it lies.

With it a device's state is found by one read instead of a search through the whole topic.
"""

import asyncio
from typing import Final

from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.topic_record import Span
from deploy.web_console.live.keeping import Health
from deploy.web_console.live.standings import Standings
from schemas.topics import DEVICE_STATE

_POLL_WAIT_S: Final = 0.5
_SILENT_POLLS_MAX: Final = 6
"""So many polls without a record, and the cluster is asked whether it is there."""


class StatesView:
    """Every device's standing.

    Attributes:
        health: whether it is up to date.
        standings: what is known so far.
        passed, total: how far its first read has come, in offsets.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; `follow` does the work."""
        self.health: Final = Health("the count of devices")
        self.standings: Final = Standings()
        self.passed = 0
        self.total = 0
        self._connection: Final = connection
        self._reached: Final[dict[Partition, int]] = {}

    async def follow(self) -> None:
        """Read the whole topic, and then what comes, for ever.

        Raises:
            TransientFailure: Kafka cannot be reached.
            Misconfigured: the topic is missing, or Kafka refuses.
        """
        async with TopicReader(self._connection) as reader:
            spans = await reader.spans(await reader.partitions(DEVICE_STATE))
            self._begin(spans)
            reader.start(self._reached)
            silent = 0
            while True:
                silent = 0 if await self._take(reader) else silent + 1
                self._tell(spans)
                if silent >= _SILENT_POLLS_MAX:
                    # Nothing new and nobody there look alike.
                    await reader.check_alive()
                    silent = 0
                self.health.is_well()

    async def _take(self, reader: TopicReader) -> bool:
        """What has come; whether anything has."""
        polled = await reader.poll(list(self._reached), key=None, wait_s=_POLL_WAIT_S)
        # What has been fetched already is handed out without ever waiting; pages want to be served.
        await asyncio.sleep(0)
        has_moved = False
        for partition, found in polled.items():
            for record in found.records:
                self.standings.take(partition, record.offset, record.key or b"", record.value)
            has_moved = has_moved or found.position != self._reached[partition]
            self._reached[partition] = found.position
        return has_moved

    def _begin(self, spans: dict[Partition, Span]) -> None:
        """Go on where the last read ended, unless the topic was made anew."""
        is_same = self._reached.keys() == spans.keys() and all(
            spans[each].start <= reached <= spans[each].end
            for each, reached in self._reached.items()
        )
        if not is_same:
            self.standings.forget()
            self._reached.clear()
            self._reached.update({each: span.start for each, span in spans.items()})

    def _tell(self, spans: dict[Partition, Span]) -> None:
        if self.health.is_loaded:
            return
        self.total = sum(span.end - span.start for span in spans.values())
        self.passed = sum(
            min(self._reached[each], span.end) - span.start for each, span in spans.items()
        )
        self.health.is_loaded = self.passed >= self.total
