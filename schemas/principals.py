"""Who may do what on the cluster, as data: the least that each kind of user needs, and why.

Owns every right of an installation. The ACLs that `biolatch topics apply --acls` makes, the users
for Strimzi and the page of principals are all drawn from here. Must never talk to a broker. What
protects it: a test asks a real broker for every operation as every principal, against a table of
its own, and runs worker and commands with these rights and no others.

Kafka itself adds: whoever may read, write, delete or alter something may also describe it, and
whoever may alter or describe its settings may not therefore see its records.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from schemas.downstream_principals import (
    analyst,
    analytics,
    console,
    feed_lane_ids,
    monitor,
    notifier,
    signals,
)
from schemas.rights import (
    Grant,
    Operation,
    Principal,
    Resource,
    ResourceKind,
    Right,
    Role,
    on_group,
    on_topic,
)
from schemas.topics import APPLICATION_DEFAULT, topology

_READ: Final = (Operation.READ,)
_WRITE: Final = (Operation.WRITE,)
_MANAGE: Final = (
    Operation.CREATE,
    Operation.ALTER,
    Operation.DESCRIBE_CONFIGS,
    Operation.ALTER_CONFIGS,
)


def principals(
    application: str = APPLICATION_DEFAULT, group_id: str | None = None
) -> tuple[Principal, ...]:
    """Everybody who has to do with one application.

    Args:
        application: begins the changelog's name and every transactional id.
        group_id: the workers' consumer group; None: named as the application.
    """
    return (
        _publisher(),
        _reader(),
        _worker(application, group_id or application),
        notifier(application),
        analytics(application, group_id or application),
        analyst(application),
        signals(application),
        _operator(application, group_id or application),
        console(application, group_id or application),
        monitor(application, group_id or application),
    )


def rights(
    everybody: tuple[Principal, ...], users: Mapping[Role, tuple[str, ...]]
) -> Iterator[Right]:
    """Every single right of these users.

    Args:
        everybody: what each role may do.
        users: who has a role, as Kafka names them (`User:...`); a role that is left out has nobody.
    """
    for principal in everybody:
        for user in users.get(principal.role, ()):
            for grant in principal.grants:
                for operation in grant.operations:
                    yield Right(user, grant.resource, operation)


def default_user(role: Role, application: str = APPLICATION_DEFAULT) -> str:
    """Who has a role if nobody says otherwise: the user of this name."""
    return f"User:{application}-{role.value}"


def _publisher() -> Principal:
    return Principal(
        role=Role.PUBLISHER,
        purpose="a backend that publishes what phones report",
        grants=(
            Grant(
                on_topic(topology().device_events.name), _WRITE, "publishes events, idempotently"
            ),
        ),
    )


def _reader() -> Principal:
    state = topology().device_state
    return Principal(
        role=Role.READER,
        purpose="a backend that asks who may, and `biolatch read-api`; it joins no group",
        grants=(Grant(on_topic(state.name), _READ, state.purpose),),
    )


def _worker(application: str, group_id: str) -> Principal:
    topics = topology(application)
    outputs = (topics.verdicts, topics.decisions, topics.device_state, topics.dead_letters)
    return Principal(
        role=Role.WORKER,
        purpose="`biolatch run`",
        grants=(
            Grant(
                on_topic(topics.device_events.name),
                (Operation.READ, Operation.DESCRIBE_CONFIGS),
                "reads events, and warns where publishers could choose their time",
            ),
            *(Grant(on_topic(topic.name), _WRITE, topic.purpose) for topic in outputs),
            Grant(
                on_topic(topics.devices_changelog.name),
                (Operation.READ, Operation.WRITE, Operation.DESCRIBE_CONFIGS),
                "rows and positions; rows kept on disk are compared with the topic's retention",
            ),
            Grant(on_group(group_id), _READ, "shares the partitions with the other workers"),
            Grant(_lane_ids(application), _WRITE, "one transaction for each batch of a partition"),
        ),
    )


def _operator(application: str, group_id: str) -> Principal:
    topics = topology(application)
    to_look_at = (
        topics.verdicts,
        topics.decisions,
        topics.notification_dead_letters,
        topics.security_events,
    )
    to_mend = (
        (topics.device_events, "`dead-letters replay`"),
        (topics.device_state, "`topics restore`"),
        (topics.dead_letters, "`skip`"),
        (topics.devices_changelog, "`skip`, `position reset`"),
        *((topic, "`skip`") for topic in topics.analytics_changelogs),
    )
    read_write = (Operation.READ, Operation.WRITE)
    return Principal(
        role=Role.OPERATOR,
        purpose="people with `biolatch topics`, `lag`, `tail`, `state`, `explain`, `dead-letters`, "
        "`erasure-report`, `skip`, `position` and `doctor`",
        grants=(
            *(
                Grant(
                    on_topic(topic.name), (*_READ, *_MANAGE), f"`topics`, `tail`: {topic.purpose}"
                )
                for topic in to_look_at
            ),
            *(
                Grant(on_topic(topic.name), (*read_write, *_MANAGE), f"{command}: {topic.purpose}")
                for topic, command in to_mend
            ),
            Grant(
                on_topic(topics.signal_streams.name),
                (Operation.DESCRIBE, *_MANAGE),
                "`topics`: sets it up, and never reads what receivers keep secret",
            ),
            Grant(on_group(group_id), _READ, "`lag` asks how far workers are, `skip` moves it on"),
            Grant(
                on_group(f"{group_id}-analytics-", is_prefix=True),
                _READ,
                "the same of those who write the security feed",
            ),
            Grant(
                on_group(f"{application}-", is_prefix=True),
                (Operation.DESCRIBE,),
                "`lag --all` asks how far others are",
            ),
            Grant(_lane_ids(application), _WRITE, "`skip` takes the place of a worker's lane"),
            Grant(
                feed_lane_ids(application), _WRITE, "the same of those who write the security feed"
            ),
        ),
    )


def _lane_ids(application: str) -> Resource:
    prefix = f"{application}-{topology().device_events.name}-"
    return Resource(ResourceKind.TRANSACTIONAL_ID, prefix, is_prefix=True)
