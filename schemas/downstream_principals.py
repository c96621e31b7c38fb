"""The principals behind the devices workers: what each agent and tool there needs, and no more.

Part of `schemas.principals`, which has all of them.
"""

from typing import Final

from schemas.rights import (
    Grant,
    Operation,
    Principal,
    Resource,
    ResourceKind,
    Role,
    on_group,
    on_topic,
)
from schemas.topics import topology

_READ: Final = (Operation.READ,)
_WRITE: Final = (Operation.WRITE,)


def notifier(application: str) -> Principal:
    """Who tells people."""
    topics = topology(application)
    return Principal(
        role=Role.NOTIFIER,
        purpose="`biolatch run --agents notifier`, or a service of your own that acts on decisions",
        grants=(
            Grant(on_topic(topics.decisions.name), _READ, topics.decisions.purpose),
            Grant(on_topic(topics.device_state.name), _READ, topics.device_state.purpose),
            Grant(
                on_topic(topics.notification_dead_letters.name),
                (Operation.READ, Operation.WRITE),
                "puts aside what an endpoint did not take, and replays it",
            ),
            Grant(
                on_group(f"{application}-notifier", is_prefix=True), _READ, "commits how far it is"
            ),
        ),
    )


def analytics(application: str, group_id: str) -> Principal:
    """Who writes the security feed."""
    topics = topology(application)
    look = (Operation.READ, Operation.DESCRIBE_CONFIGS)
    letters = topics.dead_letters
    return Principal(
        role=Role.ANALYTICS,
        purpose="`biolatch run --agents analytics`",
        grants=(
            Grant(on_topic(topics.verdicts.name), look, topics.verdicts.purpose),
            Grant(on_topic(topics.decisions.name), look, topics.decisions.purpose),
            Grant(on_topic(letters.name), (*look, Operation.WRITE), letters.purpose),
            Grant(on_topic(topics.security_events.name), _WRITE, topics.security_events.purpose),
            *(
                Grant(on_topic(topic.name), (*_READ, *_WRITE), topic.purpose)
                for topic in topics.analytics_changelogs
            ),
            Grant(
                on_group(f"{group_id}-analytics-", is_prefix=True),
                _READ,
                "shares the partitions with the other workers",
            ),
            Grant(
                feed_lane_ids(application), _WRITE, "one transaction for each batch of a partition"
            ),
        ),
    )


def feed_lane_ids(application: str) -> Resource:
    """The transactional ids of those who write the security feed."""
    return Resource(ResourceKind.TRANSACTIONAL_ID, f"{application}-analytics-", is_prefix=True)


def analyst(application: str) -> Principal:
    """Who reads the security feed."""
    topics = topology(application)
    return Principal(
        role=Role.ANALYST,
        purpose="security tools, and `biolatch run --agents parquet`",
        grants=(
            Grant(on_topic(topics.security_events.name), _READ, topics.security_events.purpose),
            Grant(
                on_group(f"{application}-analyst", is_prefix=True), _READ, "commits how far it is"
            ),
        ),
    )


def signals(application: str) -> Principal:
    """Who tells other systems."""
    topics = topology(application)
    return Principal(
        role=Role.SIGNALS,
        purpose="`biolatch run --agents signals`",
        grants=(
            Grant(on_topic(topics.decisions.name), _READ, topics.decisions.purpose),
            Grant(on_topic(topics.verdicts.name), _READ, topics.verdicts.purpose),
            Grant(
                on_topic(topics.signal_streams.name),
                (Operation.READ, Operation.WRITE),
                f"{topics.signal_streams.purpose}, their secrets included: nobody else reads it",
            ),
            Grant(
                on_group(f"{application}-signals-", is_prefix=True),
                _READ,
                "a group for each stream: how far its receiver is",
            ),
        ),
    )


def console(application: str, group_id: str) -> Principal:
    """Who shows it in a browser."""
    topics = topology(application)
    to_read = (
        topics.device_events,
        topics.verdicts,
        topics.decisions,
        topics.device_state,
        topics.dead_letters,
    )
    return Principal(
        role=Role.CONSOLE,
        purpose="`biolatch console`: what people see of it is the console's to decide",
        grants=(
            *(
                Grant(
                    on_topic(topic.name),
                    (Operation.READ, Operation.DESCRIBE_CONFIGS),
                    topic.purpose,
                )
                for topic in to_read
            ),
            Grant(
                on_topic(topics.devices_changelog.name),
                (Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS),
                "is compared with the contract, and never read",
            ),
            Grant(
                on_group(group_id),
                (Operation.DESCRIBE,),
                "shows workers and lag; it cannot join them",
            ),
        ),
    )


def monitor(application: str, group_id: str) -> Principal:
    """Who shows how far everybody is."""
    topics = topology(application)
    describe = (Operation.DESCRIBE,)
    return Principal(
        role=Role.MONITOR,
        purpose="`biolatch monitor`",
        grants=(
            *(
                Grant(on_topic(topic.name), _READ, "the age of the oldest record that waits")
                for topic in topics.topics
                if topic not in (topics.dead_letters, topics.signal_streams)
            ),
            Grant(on_topic(topics.dead_letters.name), describe, "how many there are"),
            Grant(on_topic(topics.signal_streams.name), describe, "how many there are"),
            Grant(on_group(group_id), describe, "how far workers are"),
            *(
                Grant(on_group(f"{name}-", is_prefix=True), describe, "how far others are")
                for name in dict.fromkeys((application, group_id))
            ),
        ),
    )
