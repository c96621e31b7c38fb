"""What the cluster is: its version, its topics against the contract, its replicas, its rights."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from agents.settings import Settings
from deploy.acl_setup import AclOutcome, apply_acls
from deploy.doctor.finding import Check, Finding, Severity
from deploy.kafka.acl_admin import AclAdmin
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.health import Health, Replicas, cluster_health
from deploy.records.connection import Connection
from deploy.topic_setup import Outcome, Wishes, apply
from events.errors import Misconfigured
from schemas.principals import principals, rights
from schemas.rights import Role
from schemas.topics import Topology, insync_replicas_min, topology

METADATA_LEVEL_MIN: Final = 25
"""Of Apache Kafka 4.0; what is tested is 4.1 (README.md)."""

_SERIOUS: Final = frozenset({"partitions", "message.timestamp.type", "cleanup.policy"})
"""What a topic must not have otherwise: order, time or rows would be lost."""
_APPLY: Final = "biolatch topics apply"


async def checks_of_the_cluster(
    settings: Settings, connection: Connection, users: Mapping[Role, tuple[str, ...]]
) -> list[Check]:
    """Everything about the cluster itself.

    Args:
        settings: of this process.
        connection: the cluster.
        users: who has a role there.

    Raises:
        TransientFailure: Kafka did not answer.
        Misconfigured: it refuses.
    """
    topics = topology(settings.application.name)
    async with KafkaAdmin.over(connection) as admin:
        brokers = len((await admin.cluster()).brokers)
        outcome = await apply(admin, topics, Wishes(dry_run=True))
    health = await cluster_health(connection, (topic.name for topic in topics.topics))
    return [
        brokers_check(connection, brokers, health),
        topics_check(topics, outcome),
        replicas_check(health.replicas),
        await asyncio.to_thread(_rights, settings, connection, users),
    ]


def brokers_check(connection: Connection, brokers: int, health: Health) -> Check:
    """Which Kafka it is, and how many brokers of it can be seen."""
    level = health.metadata_level
    findings: list[Finding] = []
    if level is None or level < METADATA_LEVEL_MIN:
        findings.append(
            Finding(
                "broker.old",
                Severity.WARNING,
                f"the cluster's metadata has level {level or 'unknown'}; Apache Kafka 4.0 has "
                f"{METADATA_LEVEL_MIN}, and biolatch is tested on 4.1",
                "upgrade the brokers, then: kafka-features.sh upgrade --release-version 4.1",
            )
        )
    summary = f"{brokers} at {connection.bootstrap_servers}, metadata level {level or 'unknown'}"
    return Check("brokers", summary, findings)


def topics_check(topics: Topology, outcome: Outcome) -> Check:
    """The topics against the contract."""
    findings = [
        Finding("topics.missing", Severity.ERROR, f"there is no topic {name}", _APPLY)
        for name in outcome.missing
    ]
    findings += [
        Finding(
            "topics.drift",
            Severity.ERROR if drift.setting in _SERIOUS else Severity.WARNING,
            f"{drift.topic}: {drift.setting} is {drift.have}, not {drift.want}",
            drift.advice,
        )
        for drift in outcome.drift
    ]
    sizing = outcome.sizing
    size = f"{sizing.partitions} partitions, replication {sizing.replication}"
    return Check("topics", f"{len(outcome.present)} of {len(topics.topics)}, {size}", findings)


def replicas_check(replicas: Sequence[Replicas]) -> Check:
    """Whether every partition has its leader and its replicas."""
    offline = [each for each in replicas if not each.has_leader]
    lacking = [each for each in replicas if each.has_leader and each.in_sync < each.assigned]
    refusing = [each for each in lacking if each.in_sync < insync_replicas_min(each.assigned)]
    lacking = [each for each in lacking if each not in refusing]
    fix = "bring the broker back that has the missing replicas: kafka-topics.sh --describe"
    findings: list[Finding] = []
    for code, severity, what, where in (
        ("replicas.offline", Severity.ERROR, "no leader: not read, not written", offline),
        ("replicas.under-min-isr", Severity.ERROR, "too few in sync: not written", refusing),
        ("replicas.under-replicated", Severity.WARNING, "not all in sync", lacking),
    ):
        if where:
            message = f"{_named(each.partition for each in where)}: {what}"
            findings.append(Finding(code, severity, message, fix))
    return Check("replicas", f"of {len(replicas)} partitions", findings)


def _named(partitions: Iterable[object]) -> str:
    names = [str(partition) for partition in partitions]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - enough to see
    return ", ".join(names[:3]) + more


def _rights(
    settings: Settings, connection: Connection, users: Mapping[Role, tuple[str, ...]]
) -> Check:
    name = "rights"
    everybody = principals(settings.application.name, settings.application.group)
    try:
        outcome = apply_acls(
            AclAdmin(connection), rights(everybody, users), remove_surplus=False, dry_run=True
        )
    except Misconfigured as error:
        return Check(name, "not known", [_unseen(error)])
    return rights_check(outcome)


def _unseen(error: Misconfigured) -> Finding:
    """ACLs that are not kept, or not shown."""
    if error.code == "kafka.without-authorizer":
        message = "the cluster keeps no ACLs: everybody who reaches it may do everything"
        fix = "fine on a machine of your own; else see docs/kafka-security.md"
        return Finding("acls.none", Severity.NOTE, message, fix)
    fix = "run `biolatch doctor` as a user who may describe the cluster"
    return Finding("acls.unseen", Severity.NOTE, str(error), fix)


def rights_check(outcome: AclOutcome) -> Check:
    """The rights that users have, against those that they need."""
    if not outcome.present and not outcome.surplus:
        message = "no user with a role has any right of its own, by the names that were given"
        fix = "biolatch topics apply --acls; for other names, --principal ROLE=USER here, too"
        found = Finding("acls.unused", Severity.NOTE, message, fix)
        return Check("rights", "none", [found])
    findings: list[Finding] = []
    if outcome.missing:
        users = _named(sorted({acl.user for acl in outcome.missing}))
        message = f"{len(outcome.missing)} rights are missing, of {users}"
        fix = "biolatch topics apply --acls"
        findings.append(Finding("acls.missing", Severity.WARNING, message, fix))
    if outcome.surplus:
        users = _named(sorted({acl.user for acl in outcome.surplus}))
        message = f"{len(outcome.surplus)} rights are more than needed, of {users}"
        fix = "biolatch topics apply --acls --remove-acls"
        findings.append(Finding("acls.surplus", Severity.WARNING, message, fix))
    return Check("rights", f"{len(outcome.present)} as needed", findings)
