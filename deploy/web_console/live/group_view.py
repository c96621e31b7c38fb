"""How far the workers are behind, and who they are, looked at every few seconds."""

import asyncio
import time
from collections import deque
from typing import Final, NamedTuple

from deploy.inspection.lag import Lag, measure_lag
from deploy.records.connection import Connection
from deploy.records.group_members import GroupState, read_group
from deploy.records.reader import TopicReader
from deploy.web_console.live.keeping import Health

_EVERY_S: Final = 2.0
_KEPT: Final = 900
"""Half an hour."""


class LagPoint(NamedTuple):
    """The lag at one moment; `behind_ms` is None where it is not known."""

    at_ms: int
    behind_ms: int | None


class GroupView:
    """The workers' group.

    Attributes:
        health: whether it is up to date.
        lag: as it was measured last; None before the first time.
        measured_at_ms: when that was.
        group: who is in it.
        points: the lag of the last half hour, the oldest first.
    """

    def __init__(self, connection: Connection, group_id: str) -> None:
        """Prepare; `follow` does the work."""
        self.health: Final = Health("the lag")
        self.lag: Lag | None = None
        self.measured_at_ms = 0
        self.group: GroupState | None = None
        self.points: Final[deque[LagPoint]] = deque(maxlen=_KEPT)
        self._connection: Final = connection
        self.group_id: Final = group_id

    async def follow(self) -> None:
        """Measure again and again.

        Raises:
            TransientFailure: Kafka cannot be reached.
            Misconfigured: a topic is missing, or Kafka refuses.
        """
        async with TopicReader(self._connection) as reader:
            while True:
                now_ms = int(time.time() * 1000)
                self.lag = await measure_lag(reader, self.group_id, now_ms=now_ms)
                self.measured_at_ms = now_ms
                self.points.append(LagPoint(now_ms, self.lag.behind_ms))
                self.group = await read_group(self._connection, self.group_id)
                self.health.is_well()
                self.health.is_loaded = True
                await asyncio.sleep(_EVERY_S)
