"""The settings of group `signals`: in whose name the transmitter speaks, where it listens, to whom.

Owns what must agree: an issuer is a URL that receivers compare to the letter, and nobody listens
on a network without TLS by an oversight.
"""

from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from events.vocabulary import DisabledReason
from schemas.signal_types import SignalType, SubjectFormat, signal_type

_DAY_S: Final = 86_400
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def _checked_issuer(issuer: str) -> str:
    parts = urlsplit(issuer)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it is no https URL without query and fragment")
    return issuer.rstrip("/")


def _checked_origin(origin: str) -> str:
    parts = urlsplit(origin)
    if parts.scheme not in ("https", "http") or origin != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{origin!r} is no origin: https://HOST or https://HOST:PORT")
    if not parts.hostname:
        raise ValueError(f"{origin!r} names no host")
    return origin


def _checked_name(name: str) -> str:
    signal_type(name)
    return name


_Issuer = Annotated[str, AfterValidator(_checked_issuer)]
_Origin = Annotated[str, AfterValidator(_checked_origin)]
_TypeName = Annotated[str, AfterValidator(_checked_name)]


class SharedSignalsSettings(BaseModel):
    """The Shared Signals transmitter (`biolatch run --agents signals`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: _Issuer | None = Field(
        default=None,
        description="https URL under which receivers reach the transmitter, and `iss` of every "
        "token; the agent needs it",
    )
    listen_host: str = Field(
        default="127.0.0.1",
        description="where the endpoints listen; other than loopback only with a certificate",
    )
    listen_port: int = Field(default=8460, ge=0, le=65_535, description="0: any that is free")
    tls_certificate_file: Path | None = Field(
        default=None,
        description="PEM certificate of the endpoints; unset: HTTP, for a proxy that ends TLS",
    )
    tls_key_file: Path | None = Field(
        default=None, description="its PEM private key; unset: it stands in the certificate's file"
    )
    keys_file: Path | None = Field(
        default=None,
        description="the keys that sign tokens, as `biolatch signal-keys` makes them; read again "
        "when it changes; the agent needs it",
    )
    token_issuer: str | None = Field(
        default=None,
        description="`iss` of the OAuth 2.0 access tokens that receivers come with; the agent "
        "needs it",
    )
    token_audience: str | None = Field(
        default=None, description="what `aud` of access tokens holds; unset: the issuer"
    )
    token_keys_file: Path | None = Field(
        default=None,
        description="JWK Set with the public keys of who issues access tokens; read again when it "
        "changes; the agent needs it",
    )
    token_lifetime_s_max: int = Field(
        default=3600,
        ge=60,
        le=_DAY_S,
        description="an access token that is valid for longer is refused: none can be called back",
    )
    subject_issuer: str | None = Field(
        default=None, description="who gave users their ids: `iss` of subjects; unset: the issuer"
    )
    subject_format: SubjectFormat = Field(
        default=SubjectFormat.ISS_SUB,
        description="how a stream names subjects that does not choose: `iss_sub` the user, "
        "`complex` user, device and session",
    )
    events: tuple[_TypeName, ...] = Field(
        default=("credential-change", "session-revoked"),
        min_length=1,
        description="the event types on offer, a JSON list of: "
        + ", ".join(each.short_name for each in SignalType),
    )
    credential_type: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="app", description="`credential_type` of the biometric key of an app"
    )
    session_revoked_for: tuple[DisabledReason, ...] = Field(
        default=(DisabledReason.BIOMETRICS_CHANGED,),
        description="the reasons of a disable that also revoke the user's sessions on the device, "
        "a JSON list",
    )
    push_origins: tuple[_Origin, ...] = Field(
        default=(),
        description="origins that streams may push to, a JSON list; empty: any https origin that "
        "is a name and not an address",
    )
    push_ca_file: Path | None = Field(
        default=None,
        description="PEM certificates of the authorities that receivers are trusted by; unset: the "
        "usual ones",
    )
    push_timeout_s: float = Field(
        default=10.0, ge=0.1, le=120, description="what a receiver gets to answer a push"
    )
    backoff_s_min: float = Field(
        default=0.5, ge=0.01, le=60, description="first pause after a failed push; then doubled"
    )
    backoff_s_max: float = Field(
        default=60.0, ge=0.01, le=3600, description="longest pause; a receiver may ask for as long"
    )
    poll_wait_s_max: float = Field(
        default=30.0, ge=0, le=300, description="how long a poll waits for a first event"
    )
    poll_events_max: int = Field(
        default=100, ge=1, le=1000, description="events in the answer to one poll"
    )
    streams_per_receiver_max: int = Field(
        default=4, ge=1, le=100, description="more are refused; each reads every decision"
    )
    verification_interval_s_min: int = Field(
        default=5, ge=0, le=_DAY_S, description="between verification requests of a stream"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.backoff_s_min > self.backoff_s_max:
            raise ValueError("BACKOFF_S_MIN is more than BACKOFF_S_MAX")
        if self.tls_certificate_file is None:
            if self.tls_key_file is not None:
                raise ValueError("TLS_KEY_FILE needs a TLS_CERTIFICATE_FILE")
            if self.listen_host not in _LOOPBACK:
                raise ValueError(f"LISTEN_HOST {self.listen_host} needs a TLS_CERTIFICATE_FILE")
        return self

    @property
    def offered(self) -> tuple[SignalType, ...]:
        """The event types on offer."""
        return tuple(dict.fromkeys(signal_type(name) for name in self.events))
