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
UNDELIVERED = ("topic", "biolatch.notification-dead-letters")
STREAMS = ("topic", "biolatch-signal-streams")
FEED = ("topic", "biolatch.security-events")
FEED_CHANGELOGS = (
    ("topic", "biolatch-analytics-verdicts-changelog"),
    ("topic", "biolatch-analytics-decisions-changelog"),
    ("topic", "biolatch-analytics-dead-letters-changelog"),
)
WORKERS = ("group", "biolatch")
NOTIFIERS = ("group", "biolatch-notifier-push")
ANALYSTS = ("group", "biolatch-analyst-siem")
FEED_WORKERS = ("group", "biolatch-analytics-verdicts")
RECEIVERS = ("group", "biolatch-signals-5eed")
FEED_LANE = ("transactional id", "biolatch-analytics-verdicts-biolatch.verdicts-0")
LANE = ("transactional id", "biolatch-biolatch.device-events-0")
OTHER_INPUT = ("transactional id", "biolatch-somebody.else-0")
CLUSTER = ("cluster", "")

DEVICES = (EVENTS, VERDICTS, DECISIONS, STATE, LETTERS, CHANGELOG)
ALL = (*DEVICES, UNDELIVERED, FEED, *FEED_CHANGELOGS, STREAMS)
GROUPS = (WORKERS, NOTIFIERS, ANALYSTS, FEED_WORKERS, RECEIVERS)
RESOURCES = (*ALL, *GROUPS, LANE, FEED_LANE, OTHER_INPUT, CLUSTER)

COMPACTED = (STATE, CHANGELOG, *FEED_CHANGELOGS, STREAMS)

LOOK_AND_SET_UP = "Describe Read Create Alter DescribeConfigs AlterConfigs"

MAY = {
    "biolatch-publisher": {EVENTS: "Describe Write", CLUSTER: "IdempotentWrite"},
    "biolatch-reader": {STATE: "Describe Read"},
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
        UNDELIVERED: "Describe Read Write",
        NOTIFIERS: "Describe Read",
        CLUSTER: "IdempotentWrite",
    },
    "biolatch-analytics": {
        VERDICTS: "Describe Read DescribeConfigs",
        DECISIONS: "Describe Read DescribeConfigs",
        LETTERS: "Describe Read Write DescribeConfigs",
        FEED: "Describe Write",
        **dict.fromkeys(FEED_CHANGELOGS, "Describe Read Write"),
        FEED_WORKERS: "Describe Read",
        FEED_LANE: "Describe Write",
        CLUSTER: "IdempotentWrite",
    },
    "biolatch-analyst": {FEED: "Describe Read", ANALYSTS: "Describe Read"},
    "biolatch-signals": {
        VERDICTS: "Describe Read",
        DECISIONS: "Describe Read",
        STREAMS: "Describe Read Write",
        RECEIVERS: "Describe Read",
        CLUSTER: "IdempotentWrite",
    },
    "biolatch-operator": {
        EVENTS: f"{LOOK_AND_SET_UP} Write",
        VERDICTS: LOOK_AND_SET_UP,
        DECISIONS: LOOK_AND_SET_UP,
        STATE: f"{LOOK_AND_SET_UP} Write",
        UNDELIVERED: LOOK_AND_SET_UP,
        LETTERS: f"{LOOK_AND_SET_UP} Write",
        CHANGELOG: f"{LOOK_AND_SET_UP} Write",
        STREAMS: "Describe Create Alter DescribeConfigs AlterConfigs",
        FEED: LOOK_AND_SET_UP,
        **dict.fromkeys(FEED_CHANGELOGS, f"{LOOK_AND_SET_UP} Write"),
        WORKERS: "Describe Read",
        FEED_WORKERS: "Describe Read",
        FEED_LANE: "Describe Write",
        **dict.fromkeys((NOTIFIERS, ANALYSTS, RECEIVERS), "Describe"),
        LANE: "Describe Write",
        CLUSTER: "IdempotentWrite",
    },
    "biolatch-console": {
        EVENTS: "Describe Read DescribeConfigs",
        VERDICTS: "Describe Read DescribeConfigs",
        DECISIONS: "Describe Read DescribeConfigs",
        STATE: "Describe Read DescribeConfigs",
        LETTERS: "Describe Read DescribeConfigs",
        CHANGELOG: "Describe DescribeConfigs",
        WORKERS: "Describe",
    },
    "biolatch-monitor": {
        EVENTS: "Describe Read",
        VERDICTS: "Describe Read",
        DECISIONS: "Describe Read",
        STATE: "Describe Read",
        LETTERS: "Describe",
        CHANGELOG: "Describe Read",
        UNDELIVERED: "Describe Read",
        FEED: "Describe Read",
        **dict.fromkeys(FEED_CHANGELOGS, "Describe Read"),
        STREAMS: "Describe",
        WORKERS: "Describe",
        NOTIFIERS: "Describe",
        ANALYSTS: "Describe",
        FEED_WORKERS: "Describe",
        RECEIVERS: "Describe",
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
