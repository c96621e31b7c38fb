"""Those who may not come in: each is told why, at once, with the exit code of a wrong setting.

Goal: no refusal looks like a Kafka that is away, for which commands and workers would wait.
"""

from pathlib import Path

import pytest

from schemas.rights import Role
from tests.kafka.commands.command_line import Program
from tests.kafka.security.conftest import As
from tests.kafka.security.credentials import secret_file
from tests.kafka.security.events import declined
from tests.kafka.security.secured_kafka import (
    BOTH,
    ELSEWHERE,
    EXPIRED,
    IN_THE_CLEAR,
    MUTUAL,
    SASL,
    USERS,
    SecuredKafka,
)

MISCONFIGURED = 3
OPERATOR = USERS[Role.OPERATOR]
PREFIX = "BIOLATCH_KAFKA__"


def wrong_password(kafka: SecuredKafka, folder: Path) -> dict[str, str]:
    file = secret_file(folder / "wrong.password", b"not the one")
    return kafka.by_password(OPERATOR) | {f"{PREFIX}SASL_PASSWORD_FILE": str(file)}


def unknown_user(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password("nobody")


def other_mechanism(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password(OPERATOR) | {f"{PREFIX}SASL_MECHANISM": "SCRAM-SHA-256"}


def broker_of_foreign_authority(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password(OPERATOR) | {f"{PREFIX}CA_FILE": str(kafka.foreign.file)}


def broker_expired(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password(OPERATOR, EXPIRED)


def broker_of_another_name(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password(OPERATOR, ELSEWHERE)


def expired_certificate(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_certificate(kafka.authority.client(OPERATOR, expired=True, file="expired"))


def foreign_certificate(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_certificate(kafka.foreign.client(OPERATOR, file="foreign"))


def no_certificate(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_certificate(None)


def password_without_the_certificate(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password(OPERATOR, BOTH)


def plaintext_to_tls(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return {f"{PREFIX}BOOTSTRAP_SERVERS": kafka.servers(MUTUAL)}


def tls_to_plaintext(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_password(OPERATOR) | {f"{PREFIX}BOOTSTRAP_SERVERS": kafka.servers(IN_THE_CLEAR)}


def nobody_to_sasl(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    return kafka.by_certificate(None) | {f"{PREFIX}BOOTSTRAP_SERVERS": kafka.servers(SASL)}


def password_to_plaintext(kafka: SecuredKafka, _folder: Path) -> dict[str, str]:
    settings = kafka.by_password(OPERATOR, IN_THE_CLEAR)
    del settings[f"{PREFIX}CA_FILE"]
    return settings | {f"{PREFIX}BOOTSTRAP_SERVERS": kafka.broker.bootstrap_servers}


REFUSED = {
    wrong_password: "refuses user 'biolatch-operator' with the password in ",
    unknown_user: "refuses user 'nobody' with the password in ",
    other_mechanism: "does not take BIOLATCH_KAFKA__SASL_MECHANISM SCRAM-SHA-256",
    broker_of_foreign_authority: "; BIOLATCH_KAFKA__CA_FILE has to hold the authority",
    broker_expired: "certificate has expired; the brokers need a new one",
    broker_of_another_name: "not valid for 'localhost'; connect by a name that it holds",
    expired_certificate: "O=ours, expired since 2001-01-02",
    foreign_certificate: "O=foreign, valid until ",
    no_certificate: "asks for a certificate (",
    password_without_the_certificate: "asks for a certificate (",
    plaintext_to_tls: "expects TLS, and BIOLATCH_KAFKA__SECURITY_PROTOCOL is PLAINTEXT",
    tls_to_plaintext: "is without TLS, and BIOLATCH_KAFKA__SECURITY_PROTOCOL is SASL_SSL",
    nobody_to_sasl: "expects a user and a password, and BIOLATCH_KAFKA__SECURITY_PROTOCOL is SSL",
    password_to_plaintext: "expects no user and password",
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.__name__)
def test_a_command_says_why_it_is_refused(
    case: object, secured_kafka: SecuredKafka, biolatch_as: As, tmp_path: Path
) -> None:
    assert callable(case)
    settings = case(secured_kafka, tmp_path)
    said = biolatch_as(settings, "lag")
    assert said.code == MISCONFIGURED
    assert said.out == ""
    assert said.err.startswith(
        f"error[kafka.access-refused]: {settings[f'{PREFIX}BOOTSTRAP_SERVERS']} "
    )
    assert REFUSED[case] in said.err


def test_every_kind_of_client_says_it(
    secured_kafka: SecuredKafka, biolatch_as: As, tmp_path: Path
) -> None:
    events = tmp_path / "events"
    events.touch()
    settings = wrong_password(secured_kafka, tmp_path)
    for command in (("publish", str(events)), ("topics", "apply"), ("skip", "0", "0")):
        said = biolatch_as(settings, *command)
        assert (said.code, said.out) == (MISCONFIGURED, ""), command
        assert said.err.startswith("error[kafka.access-refused]: "), command


def test_a_worker_ends_and_says_why(
    secured_kafka: SecuredKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in wrong_password(secured_kafka, tmp_path).items():
        monkeypatch.setenv(name, value)
    with Program(secured_kafka.servers(SASL), "run") as worker:
        ended = worker.end()
    assert ended.code == MISCONFIGURED
    assert '"code": "kafka.access-refused"' in ended.err
    assert "refuses user 'biolatch-operator'" in ended.err
    assert "not the one" not in ended.err


def test_a_worker_without_rights_ends_and_says_which(
    secured_kafka: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in secured_kafka.by_password(USERS[Role.NOTIFIER]).items():
        monkeypatch.setenv(name, value)
    with Program(secured_kafka.servers(SASL), "run") as worker:
        ended = worker.end()
    assert ended.code == MISCONFIGURED
    assert "this user may not see them: biolatch.device-events, biolatch-dev" in ended.err


def test_rights_that_a_command_lacks_are_named(
    secured_kafka: SecuredKafka, biolatch_as: As, tmp_path: Path
) -> None:
    analyst = secured_kafka.by_password(USERS[Role.ANALYST])
    said = biolatch_as(analyst, "dead-letters", "list")
    assert said.code == MISCONFIGURED
    assert "no topic biolatch.dead-letters, or none that this user may see" in said.err
    publisher = secured_kafka.by_password(USERS[Role.PUBLISHER])
    events = tmp_path / "events.jsonl"
    events.write_text(f"{declined('somebody')}\n")
    assert biolatch_as(publisher, "publish", str(events)).code == 0
    said = biolatch_as(publisher, "tail", "device-events")
    assert said.code == MISCONFIGURED
    assert said.err.startswith("error[kafka.not-allowed]: ")
    assert "TopicAuthorizationFailedError" in said.err
    said = biolatch_as(secured_kafka.by_password(USERS[Role.OPERATOR]), "topics", "apply", "--acls")
    assert said.code == MISCONFIGURED
    assert "run this as one of its `super.users`" in said.err
