"""What a simulated run is made of; sabotage puts something broken in place of one part."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.memory_lane import MemoryLaneLog
from agents.lane.port import BatchHandler
from tests.auditor.records import RawRecord
from tests.property.history import generate
from tests.simulation.faults import Faults
from tests.simulation.network import SimulatedLog

CHANGELOG = "changelog"
PARTITIONS = 3
DEVICES = 9


def real_handler() -> BatchHandler:
    """The devices agent with all the rules."""
    return DevicesAgent(Policy())


def everything(seed: int, events: int) -> list[RawRecord]:
    """A history with every kind of event, and with records that cannot be decoded."""
    return generate(seed=seed, events=events, devices=DEVICES, partitions=PARTITIONS).records


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The parts.

    Attributes:
        faults: how often what goes wrong.
        log: the broker.
        lane_log: a lane's side of it.
        handler: makes what decides, one for each worker.
        checks_generation: whether a lane is told that its assignment has ended.
        history: the input, by seed and number of events.
    """

    faults: Faults = field(default_factory=Faults)
    log: type[SimulatedLog] = SimulatedLog
    lane_log: type[MemoryLaneLog] = MemoryLaneLog
    handler: Callable[[], BatchHandler] = real_handler
    checks_generation: bool = True
    history: Callable[[int, int], list[RawRecord]] = everything
