"""Who may do what: every operation on everything, asked of a real broker as every principal.

Goal: the rights are the ones written down here, by hand, and not by `schemas.principals`: a right
too many there fails as much as one too few.
"""

import pytest
from aiokafka.client import AIOKafkaClient

from tests.kafka.security.probes import (
    answers,
    of_cluster,
    of_group,
    of_topic,
    of_transactional_id,
)
from tests.kafka.security.secured_kafka import SUPER_USER, SecuredKafka

EVERYTHING = {
    "topic": "Describe Read Write Create Delete Alter DescribeConfigs AlterConfigs",
    "group": "Describe Read Delete",
    "transactional id": "Describe Write",
    "cluster": "Describe Alter AlterConfigs Create IdempotentWrite",
}

REFUSED = {"topic": 29, "group": 30, "transactional id": 53, "cluster": 31}
"""TOPIC_, GROUP_, TRANSACTIONAL_ID_ and CLUSTER_AUTHORIZATION_FAILED."""

ALLOWED = {
    ("topic", "Write"): 87,  # INVALID_RECORD: it looked at what was sent, which is nothing
    ("topic", "Create"): 36,  # TOPIC_ALREADY_EXISTS
    ("group", "Read"): 25,  # UNKNOWN_MEMBER_ID
    ("group", "Delete"): 69,  # GROUP_ID_NOT_FOUND
}
"""How Kafka answers a question of ours that it may answer, where that is not: without an error."""

EVENTS = ("topic", "biolatch.device-events")
VERDICTS = ("topic", "biolatch.verdicts")
DECISIONS = ("topic", "biolatch.decisions")
STATE = ("topic", "biolatch.device-state")
LETTERS = ("topic", "biolatch.dead-letters")
CHANGELOG = ("topic", "biolatch-devices-changelog")
WORKERS = ("group", "biolatch")
NOTIFIERS = ("group", "biolatch-notifier-push")
ANALYSTS = ("group", "biolatch-analyst-siem")
LANE = ("transactional id", "biolatch-biolatch.device-events-0")
OTHER_INPUT = ("transactional id", "biolatch-somebody.else-0")
CLUSTER = ("cluster", "")

ALL = (EVENTS, VERDICTS, DECISIONS, STATE, LETTERS, CHANGELOG)
RESOURCES = (*ALL, WORKERS, NOTIFIERS, ANALYSTS, LANE, OTHER_INPUT, CLUSTER)

COMPACTED = (STATE, CHANGELOG)

LOOK_AND_SET_UP = "Describe Read Create DescribeConfigs AlterConfigs"

MAY = {
    "biolatch-publisher": {EVENTS: "Describe Write", CLUSTER: "IdempotentWrite"},
    "biolatch-worker": {
        EVENTS: "Describe Read DescribeConfigs",
        VERDICTS: "Describe Write",
        DECISIONS: "Describe Write",
        STATE: "Describe Write",
        LETTERS: "Describe Write",
        CHANGELOG: "Describe Read Write DescribeConfigs",
        WORKERS: "Describe Read",
        LANE: "Describe Write",
        CLUSTER: "IdempotentWrite",
    },
    "biolatch-notifier": {
        DECISIONS: "Describe Read",
        STATE: "Describe Read",
        NOTIFIERS: "Describe Read",
    },
    "biolatch-analyst": {
        VERDICTS: "Describe Read",
        DECISIONS: "Describe Read",
        ANALYSTS: "Describe Read",
    },
    "biolatch-operator": {
        EVENTS: LOOK_AND_SET_UP,
        VERDICTS: LOOK_AND_SET_UP,
        DECISIONS: LOOK_AND_SET_UP,
        STATE: LOOK_AND_SET_UP,
        LETTERS: f"{LOOK_AND_SET_UP} Write",
        CHANGELOG: f"{LOOK_AND_SET_UP} Write",
        WORKERS: "Describe Read",
        LANE: "Describe Write",
        CLUSTER: "IdempotentWrite",
    },
    "biolatch-monitor": {
        EVENTS: "Describe Read",
        VERDICTS: "Describe Read",
        DECISIONS: "Describe Read",
        STATE: "Describe Read",
        LETTERS: "Describe",
        CHANGELOG: "Describe Read",
        WORKERS: "Describe",
        NOTIFIERS: "Describe",
        ANALYSTS: "Describe",
    },
    SUPER_USER: {resource: EVERYTHING[resource[0]] for resource in RESOURCES},
}

QUESTIONS = {
    "topic": of_topic,
    "group": of_group,
    "transactional id": of_transactional_id,
    "cluster": lambda _name: of_cluster(),
}


def expected(resource: tuple[str, str], operation: str, may: str) -> int:
    kind = resource[0]
    if operation in may.split():
        if operation == "Delete" and resource in COMPACTED:
            return 44  # POLICY_VIOLATION: their records are not deleted by offset
        return ALLOWED.get((kind, operation), 0)
    # Whether a topic may be made is asked of the topic first, and then of the cluster.
    return REFUSED["topic" if (kind, operation) == ("cluster", "Create") else kind]


@pytest.mark.parametrize("user", MAY)
async def test_a_principal_may_do_exactly_what_it_needs(
    secured_kafka: SecuredKafka, user: str
) -> None:
    connection = secured_kafka.connection(secured_kafka.by_password(user))
    client = AIOKafkaClient(**connection.client("probe"))
    await client.bootstrap()
    try:
        said = {
            (resource, operation): code
            for resource in RESOURCES
            for operation, code in (
                await answers(client, QUESTIONS[resource[0]](resource[1]))
            ).items()
        }
    finally:
        await client.close()
    assert said == {
        (resource, operation): expected(resource, operation, MAY[user].get(resource, ""))
        for resource in RESOURCES
        for operation in EVERYTHING[resource[0]].split()
    }
