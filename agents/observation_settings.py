"""The settings of groups `metrics`, `monitor` and `tracing`: where a process shows what it does."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
_Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}$")]


class MetricsSettings(BaseModel):
    """Where a process shows its metrics and its health."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: _Host = Field(
        default="127.0.0.1",
        description="address that `/metrics`, `/readyz`, `/livez` and `/healthz` are served at, of "
        "the monitor, too; there is no login: 0.0.0.0 only where the network lets none but "
        "Prometheus in",
    )
    port: int = Field(
        default=9464,
        ge=0,
        le=65_535,
        description="port of a worker, whatever its agent; 0: none. Where it is taken a worker "
        "that was given it ends, and one that was not goes on without",
    )


class MonitorSettings(BaseModel):
    """What `biolatch monitor` does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(default=9465, ge=1, le=65_535, description="port of the monitor")
    interval_s: float = Field(
        default=10.0, ge=0.2, le=300, description="from one look at the cluster to the next"
    )
    cluster_name: _Label | None = Field(
        default=None,
        description="value of the label `cluster_name`; unset: the cluster's own id",
    )


def _checked_endpoint(endpoint: str | None) -> str | None:
    if endpoint is not None and urlsplit(endpoint).hostname is None:
        raise ValueError("is no http:// or https:// address of a host")
    return endpoint


class TracingSettings(BaseModel):
    """Where a process sends its traces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: Annotated[
        str | None,
        StringConstraints(pattern=r"^https?://[!-~]{1,500}$"),
        AfterValidator(_checked_endpoint),
    ] = Field(
        default=None,
        description="takes OpenTelemetry's traces by OTLP over HTTP, such as "
        "http://127.0.0.1:4318/v1/traces; needs biolatch[tracing]; unset: no traces. Headers, "
        "certificates and a sampler are set by OpenTelemetry's own variables (`OTEL_...`)",
    )
