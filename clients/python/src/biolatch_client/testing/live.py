"""Given events, expect decisions, of a biolatch that runs: the same test as with `Rehearsal`.

Owns the waiting: an event is published, and its verdict, its decisions and the state after it are
there when the call returns. What biolatch says is compared with the recording, so the test also
tells whether the biolatch that runs decides as the one that was recorded.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
import time
import uuid
from collections.abc import Collection
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.device_states import DeviceStates
from biolatch_client.event_methods import EventMethods
from biolatch_client.events import AnyEvent
from biolatch_client.instants import whole_milliseconds
from biolatch_client.kafka import KafkaConnection
from biolatch_client.publisher import Publisher
from biolatch_client.records import PLAIN, Envelope
from biolatch_client.testing.outputs import Outputs
from biolatch_client.testing.recordings import Output, Scenario, Step, scenarios
from biolatch_client.testing.script import Script

_COMPARED: Final = ("reason", "guidance", "previous_reason", "attempts_left", "user_id")
"""What of an output does not depend on when and for which device it was."""


class LiveRehearsal(EventMethods):
    """A scenario with the biolatch of a Kafka: its topics have to exist, and a worker has to run.

    Its devices get ids of their own, so that it may be played again and again. A scenario in which
    hours pass between two events cannot be played: nobody waits for them.

    Attributes:
        states: the real view; up to date with every event that was published here.
        verdicts: one for each event so far.
        decisions: all so far, in order.
    """

    def __init__(
        self,
        scenario: Scenario,
        connection: KafkaConnection,
        *,
        ignoring: Collection[str] = (),
        source: str = "/backend",
        within_s: float = 60.0,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            scenario: what is to happen.
            connection: where Kafka is.
            ignoring: fields that are not compared, such as a `login_id` that the backend makes.
            source: `ce_source` of the events.
            within_s: how long biolatch may take for one event; the first one may find it starting.
        """
        self.states: Final = DeviceStates(connection)
        self.verdicts: Final[list[Output]] = []
        self.decisions: Final[list[Output]] = []
        self._scenario: Final = scenario
        self._script: Final = Script(scenario, ignoring=ignoring)
        self._publisher: Final = Publisher(connection, source=source)
        self._outputs: Final = Outputs(connection)
        self._suffix: Final = f"-{uuid.uuid4().hex[:12]}"
        self._within_s: Final = within_s
        self._open: Final = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Connect, and bring the scenario's devices to where it begins.

        Raises:
            AssertionError: biolatch does not answer in time, or otherwise than recorded.
            KafkaUnavailable, KafkaRefused: Kafka does not let us work.
        """
        async with AsyncExitStack() as opening:
            for part in (self._publisher, self.states, self._outputs):
                await opening.enter_async_context(part)
            await self.states.wait_ready(within_s=self._within_s)
            for step in _steps_before(self._scenario):
                await self._play(step, step.event, PLAIN)
            self._open.push_async_exit(opening.pop_all())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._open.__aexit__(kind, error, traceback)

    def device_id(self, name: str) -> str:
        """The id of a device of the scenario."""
        return f"{name}{self._suffix}"

    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """Publish the scenario's next event, and wait for everything that biolatch says to it.

        An event as it was recorded happens now.

        Raises:
            AssertionError: it is not the next one; or biolatch does not answer in time, or
                otherwise than recorded.
            BiolatchClientError: as `Publisher.publish`.
        """
        step = self._script.require_next(device_id.removesuffix(self._suffix), event)
        acknowledged, verdict, decisions = await self._play(step, event, envelope)
        self._script.play()
        self.verdicts.append(verdict)
        self.decisions.extend(decisions)
        return acknowledged

    def require_complete(self) -> None:
        """Do nothing, if every event of the scenario was published.

        Raises:
            AssertionError: some are missing.
        """
        self._script.require_complete()

    async def _play(
        self, step: Step, event: AnyEvent, envelope: Envelope
    ) -> tuple[Acknowledged, Output, list[Output]]:
        now = _happening_now(event) if event == step.event else event
        device_id = self.device_id(step.device_id)
        acknowledged = await self._publisher.publish(device_id, now, envelope=envelope)
        try:
            async with asyncio.timeout(self._within_s):
                said = await self._outputs.answers_to(acknowledged, count=1 + len(step.decisions))
                await self._until_states_are_newer(time.monotonic())
        except TimeoutError:
            raise AssertionError(
                f"biolatch has not answered a {event.event_type} of scenario {self._scenario.name} "
                f"within {self._within_s:g} s as it was recorded: does a worker run?"
            ) from None
        answers = [_comparable(each) for each in said]
        recorded = [_comparable(each) for each in (step.verdict, *step.decisions)]
        if answers != recorded:
            raise AssertionError(
                f"biolatch answers a {event.event_type} of scenario {self._scenario.name} with\n"
                f"  {answers}\n"
                f"and not as it was recorded:\n"
                f"  {recorded}"
            )
        return acknowledged, said[0], said[1:]

    async def _until_states_are_newer(self, instant_s: float) -> None:
        """Until the view is known to have been up to date after an instant of this process."""
        while True:
            staleness_s = self.states.staleness_s
            if staleness_s is not None and time.monotonic() - staleness_s > instant_s:
                return
            await asyncio.sleep(0.02)


def _steps_before(scenario: Scenario) -> list[Step]:
    """What the scenario's devices have been through in the scenarios before it."""
    steps: list[Step] = []
    for earlier in scenarios().values():
        if earlier.name == scenario.name:
            break
        steps += [step for step in earlier.steps if step.device_id in scenario.before]
    return steps


def _happening_now(event: AnyEvent) -> AnyEvent:
    instants = [name for name, value in event if isinstance(value, datetime)]
    return event.model_copy(update=dict.fromkeys(instants, whole_milliseconds(datetime.now(UTC))))


def _comparable(output: Output) -> tuple[str, dict[str, object]]:
    return output.type, {name: output.data[name] for name in _COMPARED if name in output.data}
