"""The questions that a backend asks, whatever the view behind them is kept up to date by.

Owns the order of the checks: complete, fresh, then the rule.
"""

import time
from datetime import datetime
from typing import Final

from biolatch_client.answers import Answer, UnknownReason, unknown
from biolatch_client.device_view import Devices, DeviceState, ask
from biolatch_client.instants import epoch_ms

_NOTHING: Final = object()
"""Where nothing is published of a device; None is one whose state cannot be read."""


class DeviceQuestions:
    """Answers from a view in memory; base of `DeviceStates` and of its twin for tests."""

    def __init__(self, *, stale_after_s: float) -> None:
        """Nothing is known yet."""
        self._stale_after_s: Final = stale_after_s
        self._devices: Devices = {}
        self._known_at: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the view is complete."""
        return self._known_at is not None

    @property
    def staleness_s(self) -> float | None:
        """How long ago the view was last known to be up to date; None before it is complete."""
        known_at = self._known_at
        return None if known_at is None else self._monotonic_s() - known_at

    def __len__(self) -> int:
        """How many devices are known."""
        return len(self._devices)

    def may_use(
        self,
        device_id: str,
        user_id: str,
        *,
        login_id: str | None = None,
        now: datetime | None = None,
    ) -> Answer:
        """May this user use biometrics on this device now?

        Args:
            device_id: the installation of the app.
            user_id: the user.
            login_id: the sign-in in question. Without one, a user in fallback may not: any login
                could be the one that needs the password.
            now: when; by this machine's clock if not given. It matters only for the wait of a user
                in fallback, at least 30 s: a clock that is minutes wrong ends it early or late, and
                biolatch, whose clock is the broker's, then refuses the attempt with `wait`.

        Raises:
            ValueError: `now` has no time zone.
        """
        trouble = self._trouble()
        if trouble is not None:
            return unknown(trouble)
        now_ms = time.time_ns() // 1_000_000 if now is None else epoch_ms(now)
        return ask(self._devices, device_id, user_id, login_id=login_id, now_ms=now_ms)

    def why_unknown(self, device_id: str | None = None) -> UnknownReason | None:
        """Why there is no answer now, about a device or about any; None where there is one."""
        trouble = self._trouble()
        if trouble is None and device_id is not None:
            is_unreadable = self._devices.get(device_id, _NOTHING) is None
            return UnknownReason.UNREADABLE if is_unreadable else None
        return trouble

    def device(self, device_id: str) -> DeviceState | None:
        """All that is published of a device; None if nothing, or if there is no answer now."""
        return None if self._trouble() is not None else self._devices.get(device_id)

    def _trouble(self) -> UnknownReason | None:
        known_at = self._known_at
        if known_at is None:
            return UnknownReason.NOT_READY
        if self._monotonic_s() - known_at > self._stale_after_s:
            return UnknownReason.STALE
        return None

    def _monotonic_s(self) -> float:
        return time.monotonic()
