"""What follows an assignment: lanes, which recover by themselves, instead of Faust's tables.

Owns the moment between an assignment and the first message.
"""

# Faust leaves much of its interface untyped, and names hooks as if they were private.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAny=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# pyright: reportUntypedFunctionDecorator=false, reportIncompatibleVariableOverride=false

from typing import TYPE_CHECKING, Any, cast

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from mode import Service

from agents.lane.port import Partition

if TYPE_CHECKING:
    from agents.lane.faust_host.consumer import LaneConsumer
    from agents.lane.faust_host.host import LaneHost


class LaneTableManager(TableManager):
    """There are no Faust tables; what remains of their manager drives the lanes."""

    async def on_start(self) -> None:
        """Start at once; Faust waits a second for tables that other modules may declare."""
        await self._update_channels()
        await self.recovery.start()
        cast("LaneHost", self.app).all_started.set()

    @property
    def recovery(self) -> "LaneRecovery":
        """Our recovery in place of Faust's."""
        if self._recovery is None:
            self._recovery = LaneRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast("LaneRecovery", self._recovery)


class LaneRecovery(Recovery):
    """Opens lanes for what was assigned; the service tasks of Faust's recovery are replaced."""

    @Service.task
    async def _slurp_changelogs(self) -> None:
        await self.wait_until_stopped()

    @Service.task
    async def _publish_stats(self) -> None:
        await self.wait_until_stopped()

    @Service.task
    async def _restart_recovery(self) -> None:
        signal = cast("Any", self.signal_recovery_start)
        while not await self.wait_for_stopped(signal):
            signal.clear()
            await self._assign(self._generation_id)

    async def _assign(self, generation: int) -> None:
        """Open lanes for the generation's partitions, and let messages flow."""
        host = cast("LaneHost", self.app)
        input_topic = host.options.input_topic
        consumer = cast("LaneConsumer", host.consumer)
        # Asked from another thread than the consumer's: it is a look into its memory.
        host.lanes.status.input_is_missing = not consumer.reader.knows(input_topic)
        assigned = {tp for tp in host.consumer.assignment() if tp.topic == input_topic}
        await host.lanes.assign(
            (Partition(tp.topic, tp.partition) for tp in assigned),
            lambda: host.consumer_generation_id == generation,
        )
        host.consumer.resume_partitions(assigned)
        self.completed.set()
        host.flow_control.resume()
        host.consumer.resume_flow()
        await host._fetcher.maybe_start()  # noqa: SLF001 - there is no public way
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        host.on_rebalance_end()
