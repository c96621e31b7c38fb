"""What is allowed: every number of the rules, with its unit in its name, under one version.

A policy is fixed for the life of a worker and named in every verdict and decision. Two policies
that decide differently must not share a version; `Policy` refuses other numbers under the default
version. Bounds of the row can be lowered, not raised: its greatest size is proven for these.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from events.vocabulary import Platform

DEFAULT_VERSION: Final = "1"

FAILURES_MAX_PSD2: Final = 5
"""Regulation (EU) 2018/389 article 4(3)(b): at most 5 consecutive failures before a block."""

CONSECUTIVE_FAILURES_MAX_NIST: Final = 50
"""NIST SP 800-63B (revision 4 draft) section 3.2.3: 50 in all, then disable."""

_Seconds = Annotated[int, Field(ge=1, le=366 * 86_400)]
_Days = Annotated[int, Field(ge=1, le=366)]
_Limit = Annotated[int, Field(ge=1, le=10_000)]

Requirement: TypeAlias = Literal["off", "required"]
"""Whether devices have to sign."""


class Policy(BaseModel):
    """The numbers of the rules (design section 4)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    version: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]+$")] = (
        DEFAULT_VERSION
    )
    """Named in every verdict and decision; a policy with other numbers needs another."""
    profile: Literal["standard", "strict"] = "standard"
    """`strict` refuses limits looser than PSD2 and NIST 800-63B."""

    failures_max: _Limit = 5
    """Rejections until the password is required (rule 19)."""
    consecutive_failures_max: _Limit = 50
    """Rejections in a row until biometrics are disabled (rule 19)."""
    wait_s_first: _Seconds = 30
    """First wait after too many failures; doubles each time (rule 19)."""
    wait_s_max: _Seconds = 3_600
    """Longest wait; a longer one can only be a clock that went back (rules 17 and 19)."""
    password_age_s_max: _Seconds = 20 * 60
    """An enrollment needs a password login at most this old (rule 5, NIST 800-63B)."""
    password_ahead_s_max: _Seconds = 5 * 60
    """Tolerated skew of the clock that dates the password login (rule 5)."""
    prompt_pause_days: _Days = 30
    """No prompt for this long after one was declined."""
    advice_window_days: _Days = 7
    """Troubled fallbacks are counted over this time, and advice is not repeated within it."""
    advice_troubled_fallbacks: Annotated[int, Field(ge=1, le=8)] = 3
    """Troubled fallbacks within the window that bring advice (rule 20)."""
    advice_consecutive_failures: _Limit = 40
    """Rejections in a row that bring advice, before they disable (rule 20)."""
    os_upgrade_keeps_enabled: bool = False
    """A domain state that moved with an upgrade of the system only re-baselines."""

    device_signatures: Requirement = "off"
    """`required`: attempts and enrollments need a device signature to raise trust (rule 11c)."""
    device_signatures_by_platform: Mapping[Platform, Requirement] = {}
    """Platforms for which something else holds, as a JSON object: `{"ios": "required"}`."""
    device_signature_skew_s_max: _Seconds = 5 * 60
    """How far `iat` of a device signature may be from the record's time, either way (rule 11c)."""
    attempts_per_minute_max: Annotated[int, Field(ge=0, le=1_000)] = 30
    """Attempts of a device in a minute, and in a burst (rule 11d); 0 switches the guard off."""

    users_max: Annotated[int, Field(ge=2, le=16)] = 16
    """Users that a device remembers."""
    active_users_max: Annotated[int, Field(ge=1, le=8)] = 8
    """Users with a status other than absent."""
    recent_events_max: Annotated[int, Field(ge=1, le=16)] = 16
    """Events remembered to refuse duplicates (rule 1)."""
    old_keys_max: Annotated[int, Field(ge=1, le=4)] = 4
    """Keys of a user remembered beside the current one (rule 6)."""
    troubled_fallbacks_max: Annotated[int, Field(ge=1, le=8)] = 8
    """Troubled fallbacks of a user remembered (rule 20)."""
    erased_users_max: Annotated[int, Field(ge=1, le=8)] = 8
    """Erasure marks of users that a device keeps (rule 2)."""
    used_challenges_max: Annotated[int, Field(ge=1, le=32)] = 32
    """Signed challenges of a device remembered to refuse them (rule 11c)."""

    @property
    def looks_at_device_signatures(self) -> bool:
        """Whether anybody has to sign."""
        return "required" in (self.device_signatures, *self.device_signatures_by_platform.values())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.version == DEFAULT_VERSION and self._differs_from_default():
            raise ValueError(
                f"version {DEFAULT_VERSION!r} is the default policy's: "
                "give a policy with other numbers a version of its own"
            )
        if self.active_users_max >= self.users_max:
            raise ValueError("active_users_max must be lower than users_max")
        if self.advice_troubled_fallbacks > self.troubled_fallbacks_max:
            raise ValueError("advice_troubled_fallbacks is above troubled_fallbacks_max")
        if self.wait_s_first > self.wait_s_max:
            raise ValueError("wait_s_first is above wait_s_max")
        if self.profile == "strict":
            if self.failures_max > FAILURES_MAX_PSD2:
                raise ValueError(
                    f"profile strict: failures_max is above {FAILURES_MAX_PSD2} (PSD2)"
                )
            if self.consecutive_failures_max > CONSECUTIVE_FAILURES_MAX_NIST:
                raise ValueError(
                    "profile strict: consecutive_failures_max is above "
                    f"{CONSECUTIVE_FAILURES_MAX_NIST} (NIST 800-63B)"
                )
        return self

    def _differs_from_default(self) -> bool:
        same = {"version", "profile"}  # the profile checks numbers and decides nothing
        return any(
            getattr(self, name) != field.default
            for name, field in type(self).model_fields.items()
            if name not in same
        )
