"""The test kit: factories, vectors, and scenarios played against a backend's events."""

import pytest

from biolatch_client import Envelope, EventRefused
from biolatch_client.events import EVENT_TYPES
from biolatch_client.records import record_of
from biolatch_client.testing import (
    EVENT_FACTORIES,
    AnswerVector,
    InMemoryDeviceStates,
    RecordVector,
    Rehearsal,
    Scenario,
    answer_vectors,
    attempt_finished,
    record_vectors,
    scenarios,
)
from schemas.publishing import read_line
from tests.unit.malformed.lines import line

SCENARIOS = pytest.mark.parametrize("scenario", scenarios().values(), ids=scenarios())


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_factory_makes_an_event_that_biolatch_takes(event_type: type) -> None:
    event = EVENT_FACTORIES[event_type]()
    assert type(event) is event_type
    record = record_of("phone-1", event, source="/backend")
    read_line(line(event.event_type, record.value))


def test_a_factory_changes_what_it_is_told_and_knows_no_other_fields() -> None:
    assert attempt_finished(seq=7).seq == 7
    with pytest.raises(ValueError, match="no_such_field"):
        attempt_finished(no_such_field=1)


def test_there_is_a_vector_for_each_type_of_event() -> None:
    assert [type(each.event) for each in record_vectors()] == list(EVENT_TYPES)


@pytest.mark.parametrize("vector", record_vectors(), ids=lambda each: type(each.event).__name__)
def test_an_event_becomes_the_record_of_its_vector(vector: RecordVector) -> None:
    record = record_of(
        vector.device_id, vector.event, source=vector.source, envelope=vector.envelope
    )
    assert record[:3] == (vector.key, vector.value, vector.headers)


@pytest.mark.parametrize("vector", answer_vectors())
def test_a_state_is_answered_as_biolatch_itself_answers(vector: AnswerVector) -> None:
    states = InMemoryDeviceStates()
    states.take_record("phone-1", vector.state)
    answer = states.may_use("phone-1", vector.user_id, login_id=vector.login_id, now=vector.now)
    assert bool(answer) is vector.may


def test_the_vectors_have_both_answers() -> None:
    assert {vector.may for vector in answer_vectors()} == {True, False}


@SCENARIOS
async def test_whoever_publishes_a_scenario_s_events_gets_its_decisions(scenario: Scenario) -> None:
    async with Rehearsal(scenario) as rehearsal:
        for step in scenario.steps:
            await rehearsal.publish(step.device_id, step.event, envelope=Envelope())
            assert rehearsal.verdicts[-1] == step.verdict
            device = rehearsal.states.device(step.device_id)
            assert (device is None) is (step.state is None)
    rehearsal.require_complete()
    assert rehearsal.decisions == [each for step in scenario.steps for each in step.decisions]


async def test_another_event_than_the_scenario_s_next_ends_the_test() -> None:
    scenario = scenarios()["change-detected-at-login"]
    [step] = scenario.steps
    async with Rehearsal(scenario) as rehearsal:
        assert rehearsal.states.may_use(step.device_id, "ana")
        with pytest.raises(AssertionError, match="event 1 of scenario change-detected-at-login"):
            await rehearsal.publish(step.device_id, attempt_finished())
        with pytest.raises(AssertionError, match="still waits for"):
            rehearsal.require_complete()
        with pytest.raises(EventRefused):
            await rehearsal.publish(step.device_id, step.event, envelope=Envelope(event_id=""))
        await rehearsal.publish(step.device_id, step.event)
        assert not rehearsal.states.may_use(step.device_id, "ana")
        assert [each.kind for each in rehearsal.decisions] == ["disabled", "re-enable-required"]
        with pytest.raises(AssertionError, match="one event too many"):
            await rehearsal.publish(step.device_id, step.event)
