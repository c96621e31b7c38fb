"""Given events, expect decisions: biolatch's part in a backend's test, played from a recording.

Owns no rule: it decides nothing, for the rules are the server's, and an event that the scenario
does not have next ends the test. `LiveRehearsal` is the same with a running biolatch.
"""

from collections.abc import Collection
from typing import Final

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.events import AnyEvent
from biolatch_client.memory import InMemoryDeviceStates, InMemoryPublisher
from biolatch_client.records import PLAIN, Envelope
from biolatch_client.testing.recordings import Output, Scenario
from biolatch_client.testing.script import Script


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
        self._script: Final = Script(scenario, ignoring=ignoring)
        for device_id, state in scenario.before.items():
            self.states.take_record(device_id, state)

    def device_id(self, name: str) -> str:
        """The id of a device of the scenario: here its name; live, one of the test's own."""
        return name

    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """As `InMemoryPublisher.publish`, if the event is the scenario's next.

        Instants are not compared, nor what tells of the phone: versions, codes, challenges.

        Raises:
            AssertionError: it is another one; the message says which was to come.
        """
        step = self._script.require_next(device_id, event)
        acknowledged = await super().publish(device_id, event, envelope=envelope)
        self._script.play()
        self.verdicts.append(step.verdict)
        self.decisions.extend(step.decisions)
        self.states.take_record(device_id, step.state)
        return acknowledged

    def require_complete(self) -> None:
        """Do nothing, if every event of the scenario was published.

        Raises:
            AssertionError: some are missing.
        """
        self._script.require_complete()
