"""For tests of a backend: twins in memory, sound events, and recordings of what biolatch decides.

Needs no Kafka and no biolatch; `LiveRehearsal` takes both where they are.
"""

from biolatch_client.memory import InMemoryDeviceStates, InMemoryPublisher, PublishedEvent
from biolatch_client.testing.factories import (
    EVENT_FACTORIES,
    attempt_finished,
    biometrics_changed,
    device_erased,
    enrollment_declined,
    enrollment_revoked,
    enrollment_submitted,
    enrollment_withdrawn,
    password_accepted,
)
from biolatch_client.testing.live import LiveRehearsal
from biolatch_client.testing.recordings import (
    AnswerVector,
    Output,
    RecordVector,
    Scenario,
    Step,
    answer_vectors,
    record_vectors,
    scenarios,
)
from biolatch_client.testing.rehearsal import Rehearsal

__all__ = [
    "EVENT_FACTORIES",
    "AnswerVector",
    "InMemoryDeviceStates",
    "InMemoryPublisher",
    "LiveRehearsal",
    "Output",
    "PublishedEvent",
    "RecordVector",
    "Rehearsal",
    "Scenario",
    "Step",
    "answer_vectors",
    "attempt_finished",
    "biometrics_changed",
    "device_erased",
    "enrollment_declined",
    "enrollment_revoked",
    "enrollment_submitted",
    "enrollment_withdrawn",
    "password_accepted",
    "record_vectors",
    "scenarios",
]
