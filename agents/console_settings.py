"""The settings of the web console: where it listens, and who may look at what.

Its defaults are those of a laptop: loopback only, and a token that is made up at each start.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\]")


def split_list(text: str) -> tuple[str, ...]:
    """The entries of a list with commas, without the blanks around them."""
    return tuple(entry for each in text.split(",") if (entry := each.strip()))


def _checked_networks(text: str) -> str:
    for network in split_list(text):
        ipaddress.ip_network(network)
    return text


def _checked_host_names(text: str) -> str:
    for name in split_list(text):
        if _HOST_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no host name")
    return text


_HeaderName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$", to_lower=True, strip_whitespace=True)
]


class ConsoleSettings(BaseModel):
    """Where the web console listens, and who may look at what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        default="127.0.0.1",
        description="address to listen on; any other than a loopback one needs TOKENS_FILE or "
        "PROXY_USER_HEADER",
    )
    port: int = Field(default=8087, ge=0, le=65_535, description="port to listen on; 0: a free one")
    allowed_hosts: Annotated[str, AfterValidator(_checked_host_names)] = Field(
        default="",
        description="names under which people reach it, with commas; HOST and those of the "
        "loopback address always count. Requests for any other name are refused",
    )
    tokens_file: Path | None = Field(
        default=None,
        description="who may log in with a token, and as what; `biolatch console-token` writes it, "
        "and it is read again when it changes; unset: one operator's token is made up at each "
        "start, on a loopback address only",
    )
    proxy_user_header: _HeaderName | None = Field(
        default=None,
        description="takes who a user is from this header of a proxy that has logged them in "
        "(OpenID Connect), such as `x-auth-request-email`; needs TRUSTED_PROXIES",
    )
    proxy_groups_header: _HeaderName = Field(
        default="x-auth-request-groups",
        description="with a proxy: the header with the groups of a user, with commas",
    )
    proxy_operator_group: str | None = Field(
        default=None, description="with a proxy: who is in this group is an operator; unset: nobody"
    )
    proxy_viewer_group: str | None = Field(
        default=None,
        description="with a proxy: who is in this group is a viewer; unset: everybody whom the "
        "proxy has logged in",
    )
    trusted_proxies: Annotated[str, AfterValidator(_checked_networks)] = Field(
        default="",
        description="addresses or networks of proxies, with commas: only their headers count",
    )
    tls_certificate_file: Path | None = Field(
        default=None, description="serves HTTPS with this certificate chain (PEM)"
    )
    tls_key_file: Path | None = Field(default=None, description="its private key (PEM)")
    mask_key_file: Path | None = Field(
        default=None,
        description="a secret of 16 bytes or more: masked ids are then the same after a restart "
        "and on every console that has it; unset: others at each start",
    )
    replay: bool = Field(
        default=False,
        description="lets operators publish dead letters again, one at a time; the console's Kafka "
        "user then needs the rights of `biolatch-operator`",
    )
    session_idle_s_max: float = Field(
        default=3600, ge=60, le=86_400, description="a login without a request ends after so long"
    )
    session_s_max: float = Field(
        default=12 * 3600, ge=60, le=7 * 86_400, description="a login ends after so long"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.proxy_user_header is not None and not split_list(self.trusted_proxies):
            raise ValueError("PROXY_USER_HEADER needs TRUSTED_PROXIES, or anybody could set it")
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS_CERTIFICATE_FILE and TLS_KEY_FILE need each other")
        return self
