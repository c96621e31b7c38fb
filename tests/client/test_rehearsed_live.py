"""Given events, expect decisions: the same tests in memory and with a running biolatch."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from biolatch_client import KafkaConnection
from biolatch_client.testing import LiveRehearsal, Rehearsal, Scenario, scenarios

Rehearse = Callable[[Scenario], Rehearsal | LiveRehearsal]
PLAYED = ("optional", "change-detected-at-login", "disable-any-time")
"""Each with what its device has been through before: a refusal, a change, and a withdrawal."""


@dataclass(frozen=True)
class Way:
    """How a scenario is played."""

    is_live: bool
    rehearse: Rehearse


@pytest.fixture(params=["in memory", "live"])
def way(request: pytest.FixtureRequest) -> Way:
    if request.param == "in memory":
        return Way(is_live=False, rehearse=Rehearsal)
    served: KafkaConnection = request.getfixturevalue("served")
    return Way(is_live=True, rehearse=lambda scenario: LiveRehearsal(scenario, served))


@pytest.mark.parametrize("name", PLAYED)
async def test_a_scenario_is_decided_as_it_was_recorded(way: Way, name: str) -> None:
    scenario = scenarios()[name]
    async with way.rehearse(scenario) as rehearsal:
        for step in scenario.steps:
            device = rehearsal.device_id(step.device_id)
            await rehearsal.publish(device, step.event)
            assert rehearsal.verdicts[-1].kind == step.verdict.kind
            published = rehearsal.states.device(device)
            assert (published is None) == (step.state is None)
        rehearsal.require_complete()
        recorded = [decision.kind for step in scenario.steps for decision in step.decisions]
        assert [decision.kind for decision in rehearsal.decisions] == recorded


async def test_a_change_of_biometrics_disables_at_once(way: Way) -> None:
    scenario = scenarios()["change-detected-at-login"]
    async with way.rehearse(scenario) as rehearsal:
        device = rehearsal.device_id("ana-iphone")
        assert rehearsal.states.may_use(device, "ana")
        await rehearsal.publish(device, scenario.steps[0].event)
        kinds = [decision.kind for decision in rehearsal.decisions]
        assert kinds == ["disabled", "re-enable-required"]
        assert not rehearsal.states.may_use(device, "ana")


async def test_an_event_that_is_not_next_ends_the_test(way: Way) -> None:
    scenario = scenarios()["optional"]
    async with way.rehearse(scenario) as rehearsal:
        device = rehearsal.device_id(scenario.steps[1].device_id)
        with pytest.raises(AssertionError, match="event 1 of scenario optional"):
            await rehearsal.publish(device, scenario.steps[1].event)
        with pytest.raises(AssertionError, match="still waits"):
            rehearsal.require_complete()


async def test_a_biolatch_that_decides_otherwise_than_recorded_is_found_out(
    served: KafkaConnection,
) -> None:
    optional = scenarios()["optional"]
    step = optional.steps[0]
    other = step._replace(verdict=step.verdict._replace(type="biolatch.verdict.failed.v1"))
    async with LiveRehearsal(optional._replace(steps=(other,)), served) as rehearsal:
        device = rehearsal.device_id(step.device_id)
        with pytest.raises(AssertionError, match="and not as it was recorded"):
            await rehearsal.publish(device, step.event)
