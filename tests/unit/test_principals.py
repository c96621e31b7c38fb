"""The rights as data, and how users are given roles at the command line."""

import pytest
import typer

from deploy.commands.acl_answers import users_of
from schemas.principals import principals, rights
from schemas.rights import Operation, ResourceKind, Role
from schemas.topics import (
    DEAD_LETTERS,
    DEVICE_EVENTS,
    SECURITY_EVENTS,
    signal_streams,
    topology,
)

EVERYBODY = principals("bank", "bank-workers")
TOPICS = {topic.name for topic in topology("bank").topics}


def test_every_role_has_its_principal() -> None:
    assert [principal.role for principal in EVERYBODY] == list(Role)


def test_every_right_is_about_something_of_this_application() -> None:
    for principal in EVERYBODY:
        for grant in principal.grants:
            kind, name, is_prefix = grant.resource
            match kind:
                case ResourceKind.TOPIC:
                    assert (name in TOPICS, is_prefix) == (True, False)
                case ResourceKind.GROUP:
                    assert name == "bank-workers" or (is_prefix and name.startswith("bank-"))
                case ResourceKind.TRANSACTIONAL_ID:
                    assert name in {f"bank-{DEVICE_EVENTS}-", "bank-analytics-"}
                    assert is_prefix


def test_no_group_of_readers_is_also_one_of_workers() -> None:
    # A notifier that could join the workers' group would take partitions away from them.
    prefixes = [
        grant.resource.name
        for principal in EVERYBODY
        for grant in principal.grants
        if grant.resource.kind is ResourceKind.GROUP
        and grant.resource.is_prefix
        and Operation.READ in grant.operations
    ]
    assert prefixes
    assert not any("bank-workers".startswith(prefix) for prefix in prefixes)


def test_no_one_but_who_mends_them_and_the_masked_feed_reads_dead_letters() -> None:
    readers = {
        principal.role
        for principal in EVERYBODY
        for grant in principal.grants
        if grant.resource.name == DEAD_LETTERS and Operation.READ in grant.operations
    }
    assert readers == {Role.ANALYTICS, Role.OPERATOR, Role.CONSOLE}


def test_no_one_but_the_transmitter_reads_what_receivers_have_set_up() -> None:
    readers = {
        principal.role
        for principal in EVERYBODY
        for grant in principal.grants
        if grant.resource.name == signal_streams("bank") and Operation.READ in grant.operations
    }
    assert readers == {Role.SIGNALS}


def test_an_analyst_reads_nothing_but_the_masked_feed() -> None:
    [analyst] = [each for each in EVERYBODY if each.role is Role.ANALYST]
    topics = [each.resource.name for each in analyst.grants if each.resource.kind == "topic"]
    assert topics == [SECURITY_EVENTS]


def test_rights_are_of_every_user_of_a_role() -> None:
    users = {Role.PUBLISHER: ("User:app", "User:branch")}
    assert [(right.user, right.resource.name) for right in rights(EVERYBODY, users)] == [
        ("User:app", DEVICE_EVENTS),
        ("User:branch", DEVICE_EVENTS),
    ]


def test_users_have_the_names_of_application_and_role_unless_they_are_named() -> None:
    named = ["worker=User:CN=worker,O=bank", "publisher=User:app", "publisher=User:branch"]
    assert users_of(named, "bank") == {
        Role.PUBLISHER: ("User:app", "User:branch"),
        Role.READER: ("User:bank-reader",),
        Role.WORKER: ("User:CN=worker,O=bank",),
        Role.NOTIFIER: ("User:bank-notifier",),
        Role.ANALYTICS: ("User:bank-analytics",),
        Role.ANALYST: ("User:bank-analyst",),
        Role.SIGNALS: ("User:bank-signals",),
        Role.OPERATOR: ("User:bank-operator",),
        Role.CONSOLE: ("User:bank-console",),
        Role.MONITOR: ("User:bank-monitor",),
    }


@pytest.mark.parametrize(
    "options",
    [
        ["worker"],
        ["worker="],
        ["worker=User:"],
        ["worker=CN=worker"],
        ["nobody=User:worker"],
        ["=User:worker"],
        ["worker=User:one", "publisher=User:one"],
        ["worker=User:one", "worker=User:one"],
        ["worker=User:biolatch-publisher"],
    ],
)
def test_users_without_a_role_or_with_two_are_refused(options: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        users_of(options, "biolatch")
