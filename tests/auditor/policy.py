"""The numbers of the rules (design, section 4), under one version."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.auditor.times import DAY, HOUR, MINUTE, SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Defaults as the design gives them; all durations in milliseconds."""

    version: str
    password_age_max: int = 20 * MINUTE
    password_ahead_max: int = 5 * MINUTE
    prompt_pause: int = 30 * DAY
    failures_until_fallback: int = 5
    failures_in_a_row_until_advice: int = 40
    failures_in_a_row_until_disabled: int = 50
    first_wait: int = 30 * SECOND
    wait_max: int = HOUR
    troubled_fallbacks_until_advice: int = 3
    troubled_window: int = 7 * DAY
    advice_pause: int = 7 * DAY
    os_upgrade_keeps_enabled: bool = False
    signatures_required: bool = False
    signatures_required_on: Mapping[str, bool] = field(default_factory=dict)
    """Platforms for which something else holds."""
    signature_age_max: int = 5 * MINUTE
    attempts_per_minute: int = 30

    def must_be_signed(self, platform: str | None) -> bool:
        """Whether what a user of this platform does needs the device's signature."""
        if platform is None:
            return self.signatures_required
        return self.signatures_required_on.get(platform, self.signatures_required)
