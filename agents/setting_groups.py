"""The groups of settings: what each variable is, takes, and is without being set.

Owns the description, default and bounds of every setting but the policy's; `agents.settings` reads
them.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_PORT_MAX: Final = 65_535
_MIB: Final = 1024 * 1024


def _checked_servers(servers: str) -> str:
    for server in servers.split(","):
        matched = _HOST_AND_PORT.fullmatch(server.strip())
        if matched is None or not 0 < int(matched[2]) <= _PORT_MAX:
            raise ValueError(f"{server!r} is not HOST:PORT")
    return servers


# What Kafka takes in the name of a topic or a group, and short enough for what is added to it.
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}$")]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaConnectionSettings(_Group):
    """Where the cluster is; `agents.kafka_settings` adds how both sides prove who they are."""

    bootstrap_servers: Annotated[str, AfterValidator(_checked_servers)] = Field(
        default="127.0.0.1:9092",
        description="where clients connect first: HOST:PORT, several with commas",
    )
    client_id: _Name = Field(
        default="biolatch", description="names this process in the brokers' logs and quotas"
    )
    request_timeout_s: float = Field(
        default=5.0, ge=1, le=120, description="a request without an answer counts as lost then"
    )
    compression: Literal["none", "lz4", "zstd", "snappy", "gzip"] = Field(
        default="none",
        description="of the record batches that workers write; every client reads `none`",
    )


class ApplicationSettings(_Group):
    """Which application this process belongs to."""

    name: _Name = Field(
        default="biolatch",
        description="begins the changelog's topic name and every transactional id",
    )
    group_id: _Name | None = Field(
        default=None, description="consumer group of the workers; unset: the application's name"
    )

    @property
    def group(self) -> str:
        """The consumer group of the workers."""
        return self.group_id or self.name


class MembershipSettings(_Group):
    """How a worker takes part in its consumer group."""

    instance_id: _Name | None = Field(
        default=None,
        description="static member of the group: a worker that restarts under its id within the "
        "session timeout gets its partitions back without a rebalance; no two workers may share "
        "one; unset: a dynamic member, whose partitions go to others as soon as it ends",
    )
    session_timeout_s: float = Field(
        default=6.0,
        ge=1,
        le=300,
        description="without a heartbeat for so long, a worker's partitions go to others",
    )
    heartbeat_interval_s: float = Field(
        default=0.5,
        ge=0.1,
        le=100,
        description="between heartbeats, by which a worker also hears that others come or go; a "
        "third of the session timeout at most",
    )
    rebalance_timeout_s: float = Field(
        default=20.0, ge=5, le=300, description="what a worker gets to close its lanes"
    )
    metadata_age_s_max: float = Field(
        default=10.0,
        ge=0.1,
        le=300,
        description="how late a worker notices that the input has grown, or was made anew",
    )
    poll_interval_s_max: float = Field(
        default=60.0,
        ge=10,
        le=3600,
        description="a worker that has fetched nothing for so long hangs, and leaves the group",
    )

    @model_validator(mode="after")
    def _beats_in_time(self) -> Self:
        if self.heartbeat_interval_s * 3 > self.session_timeout_s:
            raise ValueError("HEARTBEAT_INTERVAL_S is more than a third of SESSION_TIMEOUT_S")
        return self


class LaneSettings(_Group):
    """The bounds of a lane: one partition's way from input to outputs."""

    batch_records_max: int = Field(
        default=2000,
        ge=1,
        le=50_000,
        description="records of a partition that are decided and committed together",
    )
    fetch_bytes_max: int = Field(
        default=2 * _MIB,
        ge=128 * 1024,
        le=64 * _MIB,
        description="bytes of a partition in one fetch",
    )
    fetch_wait_s_max: float = Field(
        default=0.1, ge=0.01, le=5, description="how long a fetch waits for a first record"
    )
    transaction_interval_s_min: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="from one transaction of a partition to the next under load, so that events "
        "travel together; a lone event does not wait",
    )
    open_s_max: float = Field(
        default=60.0, ge=5, le=3600, description="fence, rows and position; then again from start"
    )
    batch_s_max: float = Field(
        default=30.0, ge=1, le=600, description="begin to commit of one transaction"
    )
    close_s_max: float = Field(
        default=2.0, ge=0.1, le=60, description="what a transaction in flight gets to finish"
    )
    transaction_timeout_s: float = Field(
        default=30.0,
        ge=1,
        le=900,
        description="the broker aborts a transaction that is open for longer",
    )
    backoff_s_min: float = Field(
        default=0.1, ge=0.01, le=60, description="first pause after a failure; then doubled"
    )
    backoff_s_max: float = Field(
        default=10.0, ge=0.1, le=600, description="longest pause after failures in a row"
    )
    parked_check_s: float = Field(
        default=2.0,
        ge=0.1,
        le=600,
        description="how often a parked lane looks whether an operator has decided",
    )

    @model_validator(mode="after")
    def _backs_off_upwards(self) -> Self:
        if self.backoff_s_min > self.backoff_s_max:
            raise ValueError("BACKOFF_S_MIN is more than BACKOFF_S_MAX")
        return self


class LogSettings(_Group):
    """What a worker says on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least important lines that are written"
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: for people on a terminal, else JSON"
    )


class SignaturesSettings(_Group):
    """Whether publishers sign their events."""

    mode: Literal["off", "accept", "require"] = Field(
        default="off",
        description="`require` refuses records without a publisher's signature; `accept` verifies "
        "those that have one; `off` looks at none",
    )
    keys_file: Path | None = Field(
        default=None,
        description="the publishers' keys and what each may sign; read again when it changes",
    )

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.mode != "off" and self.keys_file is None:
            raise ValueError("a MODE other than off needs a KEYS_FILE")
        return self


class ErasureSettings(_Group):
    """How erased devices and users are remembered."""

    mark_keys_file: Path | None = Field(
        default=None,
        description="keys that make an erasure mark say nothing to anybody else: a JWK Set of "
        "secrets, the current one first, read at start; the same for all workers; unset: marks "
        "hold ids in clear",
    )


class StoreSettings(_Group):
    """Where a worker keeps rows between its starts."""

    folder: Path | None = Field(
        default=None,
        description="keeps rows in RocksDB here, one folder for each partition: a worker that "
        "comes back reads only what its changelog has got since, and rows do not have to fit into "
        "memory; no two workers may share it; unset: rows are kept in memory",
    )
    cached_rows_max: int = Field(
        default=50_000,
        ge=1,
        le=100_000_000,
        description="with a folder: rows of each partition that are kept in memory, too",
    )
    sweep_interval_s: float = Field(
        default=6 * 3600,
        ge=1,
        le=7 * 86_400,
        description="with a folder: how often the files are written anew, so that what was erased "
        "leaves the disk; at most so long after its row did",
    )
