"""Users and their rights at the command line: how they are named, and what is told of them."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import typer

from deploy.acl_setup import AclOutcome
from deploy.console import answers
from deploy.kafka.acl_admin import Acl
from schemas.principals import default_user
from schemas.rights import Role

_USER: Final = "User:"


def users_of(options: Sequence[str], application: str) -> Mapping[Role, tuple[str, ...]]:
    """Who has which role, by the options `ROLE=User:NAME`; nobody named: the default user.

    Raises:
        typer.BadParameter: an option is not of that form, or gives one user two roles.
    """
    named: dict[Role, list[str]] = {}
    for option in options:
        role, _, user = option.partition("=")
        if role not in list(Role) or not user.startswith(_USER) or user == _USER:
            raise typer.BadParameter(
                f"{option!r} is not ROLE=User:NAME; roles are {', '.join(Role)}",
                param_hint="--principal",
            )
        named.setdefault(Role(role), []).append(user)
    users = {role: tuple(named.get(role, (default_user(role, application),))) for role in Role}
    every = [user for each in users.values() for user in each]
    if twice := sorted({user for user in every if every.count(user) > 1}):
        # What one role needs would be surplus in the other.
        raise typer.BadParameter(f"{twice[0]} has two roles", param_hint="--principal")
    return users


def acl_report(outcome: AclOutcome) -> dict[str, object]:
    """The outcome for machines."""
    return {
        "as_wanted": outcome.is_as_wanted,
        "granted": [acl._asdict() for acl in outcome.granted],
        "missing": [acl._asdict() for acl in outcome.missing],
        "present": [acl._asdict() for acl in outcome.present],
        "removed": [acl._asdict() for acl in outcome.removed],
        "surplus": [acl._asdict() for acl in outcome.surplus],
    }


def show_acls(outcome: AclOutcome) -> None:
    """The outcome for people: what was done, what differs, and what mends it."""
    _show("granted", outcome.granted)
    _show("missing", outcome.missing)
    _show("removed", outcome.removed)
    _show("surplus", outcome.surplus)
    say = answers().print
    if outcome.missing:
        say("Rights that are missing would be granted.")
    if outcome.surplus:
        say("To take away what is surplus: biolatch topics apply --acls --remove-acls")
    if outcome.is_as_wanted:
        every = (*outcome.granted, *outcome.present)
        users = len({acl.user for acl in every})
        say(f"{len(every)} rights of {users} users are as they should be.")


def _show(word: str, acls: Sequence[Acl]) -> None:
    for (user, *_), same in groupby(acls, key=_about):
        rules = list(same)
        operations = ", ".join(sorted(_in_words(acl.operation) for acl in rules))
        answers().print(f"{word}  {user}: {operations} {_resource(rules[0])}", soft_wrap=True)


def _about(acl: Acl) -> tuple[str, ...]:
    return acl.user, acl.kind, acl.name, acl.pattern, acl.permission, acl.host


def _in_words(operation: str) -> str:
    """As Kafka writes it, and we with it: DescribeConfigs, of DESCRIBE_CONFIGS."""
    return operation.title().replace("_", "")


def _resource(acl: Acl) -> str:
    name = f"{acl.name}*" if acl.pattern == "PREFIXED" else acl.name
    denied = " is denied" if acl.permission == "DENY" else ""
    host = "" if acl.host == "*" else f" from {acl.host}"
    return f"on {acl.kind.lower()} {name}{host}{denied}"
