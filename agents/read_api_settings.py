"""The settings of group `read_api`: where the read API listens, and whom it answers."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_PORT_MAX: Final = 65_535


class ReadApiSettings(BaseModel):
    """How `biolatch read-api` serves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.:-]{1,253}$")] = Field(
        default="127.0.0.1",
        description="address to listen at; it speaks plain HTTP, so beyond this machine put it "
        "behind a proxy that speaks TLS",
    )
    port: int = Field(
        default=8741, ge=0, le=_PORT_MAX, description="port to listen at; 0: any free one"
    )
    tokens_file: Path | None = Field(
        default=None,
        description="holds the bearer tokens that are let in, one a line; read again when it "
        "changes; needed",
    )
    stale_after_s: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="nobody gets an answer once it is so long since the view was known to be up "
        "to date",
    )
