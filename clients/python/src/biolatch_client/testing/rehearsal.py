"""Given events, expect decisions: biolatch's part in a backend's test, played from a recording.

Owns the comparison of what a backend publishes with what the scenario says. It decides nothing: the
rules are the server's, and an event that the scenario does not have next ends the test.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.events import AnyEvent
from biolatch_client.memory import InMemoryDeviceStates, InMemoryPublisher
from biolatch_client.records import PLAIN, Envelope
from biolatch_client.testing.recordings import Output, Scenario

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


class Rehearsal(InMemoryPublisher):
    """A publisher in memory that answers as biolatch did.

    Give it to the backend as its publisher, and `states` as its device states.

    Attributes:
        states: as the scenario begins, and then as each event leaves them, at once.
        verdicts: one for each event so far.
        decisions: all so far, in order.
    """

    def __init__(
        self, scenario: Scenario, *, ignoring: Collection[str] = (), source: str = "/backend"
    ) -> None:
        """Begin a scenario.

        Args:
            scenario: what is to happen.
            ignoring: fields that are not compared, such as a `login_id` that the backend makes.
            source: `ce_source` of the events.
        """
        super().__init__(source=source)
        self.states: Final = InMemoryDeviceStates()
        self.verdicts: Final[list[Output]] = []
        self.decisions: Final[list[Output]] = []
        self._scenario: Final = scenario
        self._ignored: Final = _TELLING | set(ignoring)
        for device_id, state in scenario.before.items():
            self.states.take_record(device_id, state)

    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """As `InMemoryPublisher.publish`, if the event is the scenario's next.

        Instants are not compared, nor what tells of the phone: versions, codes, challenges.

        Raises:
            AssertionError: it is another one; the message says which was to come.
        """
        number = len(self.published)
        if number == len(self._scenario.steps):
            raise AssertionError(
                f"scenario {self._scenario.name} is over; {event.event_type} is one event too many"
            )
        step = self._scenario.steps[number]
        given = (device_id, event.event_type, self._compared(event))
        expected = (step.device_id, step.event.event_type, self._compared(step.event))
        if given != expected:
            raise AssertionError(
                f"event {number + 1} of scenario {self._scenario.name}:\n"
                f"  expected {expected}\n"
                f"  given    {given}"
            )
        acknowledged = await super().publish(device_id, event, envelope=envelope)
        self.verdicts.append(step.verdict)
        self.decisions.extend(step.decisions)
        self.states.take_record(device_id, step.state)
        return acknowledged

    def require_complete(self) -> None:
        """Do nothing, if every event of the scenario was published.

        Raises:
            AssertionError: some are missing.
        """
        missing = [step.event.event_type for step in self._scenario.steps[len(self.published) :]]
        if missing:
            raise AssertionError(f"scenario {self._scenario.name} still waits for {missing}")

    def _compared(self, event: AnyEvent) -> Mapping[str, Any]:
        return {
            name: value
            for name, value in event
            if name not in self._ignored and value is not None and not isinstance(value, datetime)
        }
