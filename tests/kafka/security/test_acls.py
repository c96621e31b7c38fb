"""`biolatch topics apply --acls`: grants what is missing, and nothing else unless it is told to."""

import json
from collections.abc import Iterator

import pytest

from deploy.kafka.acl_admin import Acl, AclAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from events.errors import Misconfigured
from schemas.rights import Role
from tests.kafka.commands.command_line import Program
from tests.kafka.security.conftest import As
from tests.kafka.security.secured_kafka import SASL, SUPER_USER, USERS, SecuredKafka

APPLY = ("topics", "apply", "--acls")
DRIFT = 5
AS_WANTED = "140 rights of 10 users are as they should be."
ANALYST = f"User:{USERS[Role.ANALYST]}"
SURPLUS = Acl(ANALYST, "TOPIC", "biolatch.dead-letters", "LITERAL", "READ")
OF_A_STRANGER = SURPLUS._replace(user="User:stranger")


@pytest.fixture
def admin(secured_kafka: SecuredKafka) -> AclAdmin:
    return AclAdmin(secured_kafka.connection(secured_kafka.by_password(SUPER_USER)))


@pytest.fixture
def surplus(admin: AclAdmin) -> Iterator[None]:
    admin.add([SURPLUS, OF_A_STRANGER])
    yield
    admin.remove([SURPLUS, OF_A_STRANGER])


def test_applied_again_nothing_changes(secured_kafka: SecuredKafka, biolatch_as: As) -> None:
    said = biolatch_as(secured_kafka.by_password(SUPER_USER), *APPLY)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == AS_WANTED


def test_a_dry_run_says_what_others_would_be_granted_and_grants_nothing(
    secured_kafka: SecuredKafka, biolatch_as: As, admin: AclAdmin
) -> None:
    said = biolatch_as(
        secured_kafka.by_password(SUPER_USER),
        *(*APPLY, "--dry-run", "--principal", "publisher=User:CN=bank,O=app"),
    )
    assert said.code == DRIFT
    assert said.out.splitlines()[-2:] == [
        "missing  User:CN=bank,O=app: Write on topic biolatch.device-events",
        "Rights that are missing would be granted.",
    ]
    assert admin.of(["User:CN=bank,O=app"]) == frozenset()


@pytest.mark.usefixtures("surplus")
def test_rights_that_nobody_needs_are_told_and_stay(
    secured_kafka: SecuredKafka, biolatch_as: As, admin: AclAdmin
) -> None:
    said = biolatch_as(secured_kafka.by_password(SUPER_USER), *APPLY)
    assert said.code == DRIFT
    assert said.out.splitlines()[-2:] == [
        "surplus  User:biolatch-analyst: Read on topic biolatch.dead-letters",
        "To take away what is surplus: biolatch topics apply --acls --remove-acls",
    ]
    assert SURPLUS in admin.of([ANALYST])


@pytest.mark.usefixtures("surplus")
def test_they_are_taken_away_when_that_is_asked_for_and_strangers_keep_theirs(
    secured_kafka: SecuredKafka, biolatch_as: As, admin: AclAdmin
) -> None:
    needed = admin.of([ANALYST]) - {SURPLUS}
    said = biolatch_as(secured_kafka.by_password(SUPER_USER), *APPLY, "--remove-acls", "--json")
    assert said.code == 0
    answer = json.loads(said.out)["acls"]
    assert answer["as_wanted"] is True
    assert answer["removed"] == [SURPLUS._asdict()]
    assert (answer["granted"], answer["missing"], answer["surplus"]) == ([], [], [])
    assert admin.of([ANALYST]) == needed
    assert admin.of([OF_A_STRANGER.user]) == {OF_A_STRANGER}


def test_a_worker_whose_group_is_taken_away_ends_and_says_so(
    secured_kafka: SecuredKafka, admin: AclAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = USERS[Role.WORKER]
    group = Acl(f"User:{user}", "GROUP", "biolatch", "LITERAL", "READ")
    for name, value in secured_kafka.by_password(user).items():
        monkeypatch.setenv(name, value)
    admin.remove([group])
    try:
        with Program(secured_kafka.servers(SASL), "run") as worker:
            ended = worker.end()
    finally:
        admin.add([group])
    assert ended.code == 3
    assert "this principal may not read the consumer group biolatch" in ended.err


def test_a_cluster_that_keeps_no_acls_is_said_to(kafka: LocalKafka) -> None:
    with pytest.raises(Misconfigured) as refused:
        AclAdmin(Connection(bootstrap_servers=kafka.bootstrap_servers)).add([SURPLUS])
    assert refused.value.code == "kafka.without-authorizer"
