"""`biolatch topics`: makes the topics, and compares what is there with what should be."""

import asyncio
import itertools
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.table import Table

from agents.settings import Settings, load_settings
from deploy.acl_setup import apply_acls
from deploy.command_app import command_app
from deploy.commands.acl_answers import acl_report, show_acls, users_of
from deploy.commands.topic_repartition import repartition_topics
from deploy.commands.topic_restore import restore_topic
from deploy.console import answer_json, answers
from deploy.exit_codes import ExitCode
from deploy.kafka.acl_admin import AclAdmin
from deploy.kafka.admin import KafkaAdmin
from deploy.records.connection import Connection, connection_to
from deploy.topic_drift import Drift
from deploy.topic_setup import Outcome, Wishes, apply
from schemas.principals import principals, rights
from schemas.rights import Role
from schemas.sizing import LOCAL, PRODUCTION
from schemas.topics import Cleanup, Topic, Topology, topology

_DAY_MS: Final = 24 * 60 * 60 * 1000

app = command_app("Set up and check the topics of biolatch.")

_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
_Partitions = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help=(
            "Partitions of every topic. Default: what the input topic has; if it is new, "
            f"{LOCAL.partitions}, or {PRODUCTION.partitions} on {PRODUCTION.replication} brokers "
            "and more."
        ),
    ),
]
_Replication = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help=(
            f"Replicas. Default: {LOCAL.replication}, or {PRODUCTION.replication} on "
            f"{PRODUCTION.replication} brokers and more."
        ),
    ),
]
_FixConfig = Annotated[
    bool,
    typer.Option(
        "--fix-config", help="Set the settings that differ; a shorter retention drops records."
    ),
]
_Acls = Annotated[
    bool,
    typer.Option("--acls", help="Grant every role the rights that it needs, and report others."),
]
_Principal = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=USER",
        help=(
            "Who has a role, such as worker=User:CN=worker; may be repeated. Roles: "
            f"{', '.join(Role)}. Default: User:APPLICATION-ROLE."
        ),
    ),
]
_RemoveAcls = Annotated[
    bool,
    typer.Option("--remove-acls", help="Take away what those users may do beyond their role."),
]


@app.command("list")
def show(*, as_json: _Json = False) -> None:
    """Show the topics and what each keeps; asks no broker."""
    topics = _topology(load_settings()).topics
    if as_json:
        answer_json([_specification(topic) for topic in topics])
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("topic", no_wrap=True)
    table.add_column("keeps")
    table.add_column("what it is for")
    for topic in topics:
        table.add_row(topic.name, _keeps(topic), topic.purpose)
    answers().print(table)


@app.command("apply")
def apply_topics(
    *,
    partitions: _Partitions = None,
    replication: _Replication = None,
    fix_config: _FixConfig = False,
    acls: _Acls = False,
    principal: _Principal = None,
    remove_acls: _RemoveAcls = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look, and change nothing.")] = False,
    as_json: _Json = False,
) -> None:
    """Create the topics that are missing, and report every difference.

    Deletes nothing, never changes a partition count, and changes settings only with --fix-config.
    With --acls it grants rights, too, and takes some away only with --remove-acls; rights of users
    that have none of our roles are left alone. Run it as often as you like. If the cluster still
    differs, the exit code is 5.
    """
    settings = load_settings()
    users = users_of(principal or (), settings.application.name)
    if not acls and (principal or remove_acls):
        raise typer.BadParameter("--principal and --remove-acls need --acls")
    address = connection_to(settings.kafka)
    wishes = Wishes(
        partitions=partitions, replication=replication, fix_settings=fix_config, dry_run=dry_run
    )
    outcome = asyncio.run(_applied(address, _topology(settings), wishes))
    granted = None
    if acls:
        everybody = principals(settings.application.name, settings.application.group)
        granted = apply_acls(
            AclAdmin(address),
            rights(everybody, users),
            remove_surplus=remove_acls,
            dry_run=dry_run,
        )
    is_as_wanted = outcome.is_as_wanted and (granted is None or granted.is_as_wanted)
    if as_json:
        report = _report(address, outcome) | {"as_wanted": is_as_wanted}
        answer_json(report if granted is None else report | {"acls": acl_report(granted)})
    else:
        _show_outcome(outcome)
        if granted is not None:
            show_acls(granted)
    if not is_as_wanted:
        raise typer.Exit(ExitCode.DRIFT)


app.command("repartition", no_args_is_help=True)(repartition_topics)
app.command("restore", no_args_is_help=True)(restore_topic)


async def _applied(address: Connection, topics: Topology, wishes: Wishes) -> Outcome:
    async with KafkaAdmin(address.bootstrap_servers, security=address.security) as admin:
        return await apply(admin, topics, wishes)


def _topology(settings: Settings) -> Topology:
    return topology(settings.application.name)


def _keeps(topic: Topic) -> str:
    match topic.cleanup:
        case Cleanup.DELETE:
            return f"{topic.retention_ms // _DAY_MS} days"
        case Cleanup.COMPACT:
            return "last per key"


def _specification(topic: Topic) -> dict[str, object]:
    return {
        "name": topic.name,
        "purpose": topic.purpose,
        "retention_ms": topic.retention_ms,
        "retention_reason": topic.retention_reason,
        "settings": {
            "local": topic.settings(replication=LOCAL.replication),
            "production": topic.settings(replication=PRODUCTION.replication),
        },
    }


def _report(address: Connection, outcome: Outcome) -> dict[str, object]:
    return {
        "bootstrap_servers": address.bootstrap_servers,
        **asdict(outcome.sizing),
        "created": outcome.created,
        "missing": outcome.missing,
        "present": outcome.present,
        "fixed": [asdict(drift) for drift in outcome.fixed],
        "drift": [asdict(drift) for drift in outcome.drift],
    }


def _show_outcome(outcome: Outcome) -> None:
    say = answers().print
    for name in outcome.created:
        say(f"created  {name}")
    for name in outcome.missing:
        say(f"missing  {name}")
    for drift in outcome.fixed:
        say(
            f"set      {drift.topic}: {drift.setting} from {drift.have} to {drift.want}",
            soft_wrap=True,
        )
    if outcome.drift:
        _show_drift(outcome.drift)
        return
    size = f"{outcome.sizing.partitions} partitions, replication {outcome.sizing.replication}"
    if outcome.missing:
        say(f"Would be created with {size}.")
    else:
        say(f"{len(outcome.created) + len(outcome.present)} topics are as they should be ({size}).")


def _show_drift(drift: tuple[Drift, ...]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("differs", no_wrap=True)
    table.add_column("have", overflow="fold")
    table.add_column("want", overflow="fold")
    for name, differences in itertools.groupby(drift, key=lambda difference: difference.topic):
        table.add_row(name)
        for difference in differences:
            table.add_row(f"  {difference.setting}", difference.have, difference.want)
    say = answers().print
    say(table)
    say()
    say("To mend it:")
    for advice in dict.fromkeys(difference.advice for difference in drift):
        say("-", advice)
