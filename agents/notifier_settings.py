"""The settings of group `notifier`: where messages go, in which languages, and how patiently."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

_LOCALES = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*(,[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)*$"


class NotifierSettings(BaseModel):
    """How `biolatch run --agents notifier` delivers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints_file: Path | None = Field(
        default=None,
        description="TOML file of the webhook endpoints and their secrets' files, read at start",
    )
    locales: Annotated[str, StringConstraints(pattern=_LOCALES, max_length=200)] = Field(
        default="en,de",
        description="languages of the texts, with commas; each notification has all of them",
    )
    timeout_s: float = Field(
        default=15.0, ge=0.1, le=50, description="what an endpoint gets to answer one request"
    )
    tries_max: int = Field(
        default=10,
        ge=1,
        le=100,
        description="requests for one notification to one endpoint; then it is a dead letter",
    )
    backoff_s_min: float = Field(
        default=1.0, ge=0.01, le=3600, description="first pause between tries; then doubled"
    )
    backoff_s_max: float = Field(
        default=300.0, ge=0.01, le=86_400, description="longest pause between tries"
    )
    away_s_max: float = Field(
        default=3600.0,
        ge=1,
        le=7 * 86_400,
        description="a notification that could not be tried for so long, because its endpoint is "
        "away or asks for a pause, is a dead letter",
    )
    breaker_failures: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="failures of an endpoint in a row after which it is left alone for a while",
    )
    breaker_pause_s_min: float = Field(
        default=5.0,
        ge=0.01,
        le=3600,
        description="for how long at first; longer after each probe that fails",
    )
    breaker_pause_s_max: float = Field(
        default=60.0, ge=0.01, le=3600, description="for how long at most"
    )
    at_once_max: int = Field(
        default=16,
        ge=1,
        le=1000,
        description="requests of one worker to one endpoint at the same time",
    )
    waiting_records_max: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="decisions of one partition that wait behind one that is not delivered; with "
        "so many, no more are read",
    )
    commit_interval_s: float = Field(
        default=1.0,
        ge=0.01,
        le=60,
        description="how often the group's offsets are committed; a worker that is killed leaves "
        "so much to be repeated",
    )

    @model_validator(mode="after")
    def _backs_off_upwards(self) -> Self:
        if self.backoff_s_min > self.backoff_s_max:
            raise ValueError("BACKOFF_S_MIN is more than BACKOFF_S_MAX")
        if self.breaker_pause_s_min > self.breaker_pause_s_max:
            raise ValueError("BREAKER_PAUSE_S_MIN is more than BREAKER_PAUSE_S_MAX")
        return self
