"""The settings of group `analytics`: the security feed, and where it is kept for questions."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

_HOUR_S: Final = 3600


class AnalyticsSettings(BaseModel):
    """How the security feed is made and kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mask_keys_file: Path | None = Field(
        default=None,
        description="keys that mask the ids of devices, users, logins and events in the security "
        "feed: a JWK Set of secrets, the current one first, read at start; the same for all "
        "analytics workers, which do not start without it",
    )
    parquet_folder: Path | None = Field(
        default=None,
        description="where `run --agents parquet` keeps the security feed, one folder a day, and "
        "`biolatch analyse` looks for it; one process writes to it",
    )
    parquet_interval_s: float = Field(
        default=300.0,
        ge=0.1,
        le=24 * _HOUR_S,
        description="how long an event waits at most before it stands in a Parquet file",
    )
    parquet_records_max: int = Field(
        default=100_000,
        ge=1,
        le=1_000_000,
        description="events of a partition that are kept in memory; as many end a file early",
    )
    parquet_days_max: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="how many days of the security feed are kept; older folders are removed",
    )
