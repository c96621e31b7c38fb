"""A scenario as a script: which event comes next, and whether what was given is that one.

Owns the comparison that rehearsals share, in memory and live.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from biolatch_client.events import AnyEvent
from biolatch_client.testing.recordings import Scenario, Step

_TELLING: Final = frozenset(
    {
        "app_version",
        "challenge",
        "device_model",
        "device_signature",
        "os_version",
        "platform_code",
        "public_key",
        "scans",
    }
)
"""Told on, and never decided upon."""


class Script:
    """How far a scenario has been played."""

    def __init__(self, scenario: Scenario, *, ignoring: Collection[str] = ()) -> None:
        """Begin it.

        Args:
            scenario: what is to happen.
            ignoring: fields that are not compared, besides those that are only told on.
        """
        self._scenario: Final = scenario
        self._ignored: Final = _TELLING | set(ignoring)
        self._played = 0

    def require_next(self, device_id: str, event: AnyEvent) -> Step:
        """The step that is next, which this event has to be.

        Instants are not compared, nor what tells of the phone: versions, codes, challenges.

        Args:
            device_id: as the scenario calls the device.
            event: what was given.

        Raises:
            AssertionError: it is another one; the message says which was to come.
        """
        name, number = self._scenario.name, self._played
        if number == len(self._scenario.steps):
            raise AssertionError(
                f"scenario {name} is over; {event.event_type} is one event too many"
            )
        step = self._scenario.steps[number]
        given = (device_id, event.event_type, self._compared(event))
        expected = (step.device_id, step.event.event_type, self._compared(step.event))
        if given != expected:
            raise AssertionError(
                f"event {number + 1} of scenario {name}:\n  expected {expected}\n  given    {given}"
            )
        return step

    def play(self) -> None:
        """Go on to the next step."""
        self._played += 1

    def require_complete(self) -> None:
        """Do nothing, if every event of the scenario was given.

        Raises:
            AssertionError: some are missing.
        """
        missing = [step.event.event_type for step in self._scenario.steps[self._played :]]
        if missing:
            raise AssertionError(f"scenario {self._scenario.name} still waits for {missing}")

    def _compared(self, event: AnyEvent) -> Mapping[str, Any]:
        return {
            name: value
            for name, value in event
            if name not in self._ignored and value is not None and not isinstance(value, datetime)
        }
