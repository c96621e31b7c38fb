"""How much a fault campaign does: one of three sizes, chosen by the environment.

`FAULTS_SIZE` is `default` (in `make test`), `faults` (`make faults`, within 45 minutes) or `soak`
(`make soak`, hours). `FAULTS_SEED` repeats the choices of a run, every run makes others without it;
`FAULTS_FOLDER` is where figures are kept, and the logs of a run that failed.
"""

import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Size(StrEnum):
    """How much is done."""

    DEFAULT = "default"
    FAULTS = "faults"
    SOAK = "soak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How often each fault comes, and how long the longest outage lasts.

    Attributes:
        kills: kill -9 of a worker under load.
        kills_in_recovery: kill -9 of a worker that has partitions and has not yet read their rows.
        kills_in_rebalance: kill -9 of a worker while the group is not stable.
        pauses: SIGSTOP of a worker for longer than its session.
        rolling_restarts: SIGTERM and start of each worker, one after another.
        additions: a further worker that joins and leaves.
        broker_kills: kill -9 of the broker.
        broker_away_s: how long the broker is stopped for, once.
        network_rounds: each kind of trouble on the way to the broker, so often.
        disk_fills: the broker's disk is full, then has space again.
        crowd_devices: phones that all have their rows when a worker is killed, once.
        lane_rounds: a restart, five kills, a pause and a broker killed, for workers without rules.
        burst_pause_s: between two bursts of events on average; longer where a run is long, because
            the judgement holds everything in memory.
        run_s_max: what one campaign may take.
    """

    kills: int
    kills_in_recovery: int
    kills_in_rebalance: int
    pauses: int
    rolling_restarts: int
    additions: int
    broker_kills: int
    broker_away_s: float
    network_rounds: int
    disk_fills: int
    crowd_devices: int
    lane_rounds: int
    burst_pause_s: float
    run_s_max: float


_COUNTS = {
    Size.DEFAULT: Counts(
        kills=3,
        kills_in_recovery=1,
        kills_in_rebalance=1,
        pauses=1,
        rolling_restarts=1,
        additions=1,
        broker_kills=1,
        broker_away_s=3,
        network_rounds=1,
        disk_fills=1,
        crowd_devices=3000,
        lane_rounds=1,
        burst_pause_s=0.03,
        run_s_max=240,
    ),
    Size.FAULTS: Counts(
        kills=30,
        kills_in_recovery=5,
        kills_in_rebalance=5,
        pauses=10,
        rolling_restarts=10,
        additions=10,
        broker_kills=10,
        broker_away_s=60,
        network_rounds=10,
        disk_fills=3,
        crowd_devices=100_000,
        lane_rounds=5,
        burst_pause_s=0.03,
        run_s_max=1200,
    ),
    Size.SOAK: Counts(
        kills=100,
        kills_in_recovery=50,
        kills_in_rebalance=50,
        pauses=100,
        rolling_restarts=100,
        additions=100,
        broker_kills=100,
        broker_away_s=600,
        network_rounds=100,
        disk_fills=30,
        crowd_devices=1_000_000,
        lane_rounds=50,
        burst_pause_s=0.2,
        run_s_max=4 * 3600,
    ),
}


class CampaignSettings(BaseSettings):
    """What the environment says."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="FAULTS_")

    size: Size = Size.DEFAULT
    seed: int = Field(default_factory=lambda: time.time_ns() % 1_000_000)
    folder: Path = Path(__file__).parents[2] / ".faults"

    @property
    def counts(self) -> Counts:
        """What this size means."""
        return _COUNTS[self.size]


SETTINGS = CampaignSettings()
COUNTS = SETTINGS.counts
