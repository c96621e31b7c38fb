"""The whole way of an event on a secured Kafka, everybody with their own rights and no others."""

import asyncio
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.records.partitioner import partition_of
from schemas.rights import Role
from schemas.topics import VERDICTS
from tests.kafka.commands.command_line import Program
from tests.kafka.security.conftest import PARTITIONS, As
from tests.kafka.security.credentials import Authority, secret_file
from tests.kafka.security.events import declined
from tests.kafka.security.secured_kafka import (
    BOTH,
    USERS,
    SecuredKafka,
    first_password,
)

Settings = Callable[[Role], dict[str, str]]
PREFIX = "BIOLATCH_KAFKA__"


@contextmanager
def worker_as(settings: Mapping[str, str], log: Path) -> Iterator[Program]:
    """A worker with these settings, and all its lines in a file."""
    with log.open("w") as stderr, pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        with Program(settings[f"{PREFIX}BOOTSTRAP_SERVERS"], "run", stderr=stderr.fileno()) as one:
            yield one
            one.process.send_signal(signal.SIGTERM)
            assert one.end(within_s=30).code == 0, log.read_text()


async def verdict_of(kafka: SecuredKafka, operator: Mapping[str, str], device: str) -> str:
    """Wait, as an operator, for the verdict on a device's only event."""
    connection = kafka.connection(operator)
    async with AIOKafkaConsumer(
        **connection.client("operator"), isolation_level="read_committed"
    ) as consumer:
        addresses = [TopicPartition(VERDICTS, number) for number in range(PARTITIONS)]
        consumer.assign(addresses)
        await consumer.seek_to_beginning(*addresses)
        async with asyncio.timeout(60):
            async for record in consumer:
                if record.key == device.encode():
                    return dict(record.headers)["ce_type"].decode()
    raise AssertionError("the consumer ended by itself")


def by_password(kafka: SecuredKafka) -> Settings:
    return lambda role: kafka.by_password(USERS[role])


def by_certificate(kafka: SecuredKafka) -> Settings:
    return lambda role: kafka.by_certificate(kafka.authority.client(USERS[role]))


@pytest.mark.parametrize("way", [by_password, by_certificate])
def test_an_event_is_published_decided_and_looked_at_by_those_who_may(
    way: Callable[[SecuredKafka], Settings],
    secured_kafka: SecuredKafka,
    biolatch_as: As,
    tmp_path: Path,
) -> None:
    settings = way(secured_kafka)
    device, skipped = f"{way.__name__}-phone", f"{way.__name__}-other"
    events = tmp_path / "events.jsonl"
    events.write_text(f"{declined(device)}\n")
    with worker_as(
        # Rows on disk ask for more of Kafka than rows in memory do.
        settings(Role.WORKER) | {"BIOLATCH_STORE__FOLDER": str(tmp_path / "rows")},
        tmp_path / "worker.log",
    ):
        assert biolatch_as(settings(Role.PUBLISHER), "publish", str(events)).code == 0
        verdict = asyncio.run(verdict_of(secured_kafka, settings(Role.OPERATOR), device))
    assert verdict == "biolatch.verdict.noted.v1"
    operator = settings(Role.OPERATOR)
    for command in (
        ("topics", "apply"),
        ("lag",),
        ("lag", "--all"),
        ("tail", "verdicts", "-n", "1"),
        ("tail", "dead-letters", "-n", "1"),
        ("state", device),
        ("explain", device),
        ("dead-letters", "list"),
    ):
        said = biolatch_as(operator, *command)
        assert (said.code, said.err) == (0, ""), command
    said = biolatch_as(operator, "erasure-report", device)
    assert (said.code, said.err) == (1, "")  # it was not erased
    # Without a worker the next event waits, and the operator sends it to the dead letters.
    events.write_text(f"{declined(skipped)}\n")
    assert biolatch_as(settings(Role.PUBLISHER), "publish", str(events)).code == 0
    partition, offset = next_to_decide(biolatch_as(operator, "lag", "--json").out)
    assert biolatch_as(operator, "skip", str(partition), str(offset)).code == 0
    assert skipped in biolatch_as(operator, "dead-letters", "list").out
    # Nor does anybody serve the security feed.
    home = partition_of(device.encode(), PARTITIONS)
    lane = ("skip", "--agents", "analytics", "--lane", "verdicts", str(home))
    stands_at = json.loads(biolatch_as(operator, *lane, str(2**40), "--json").out)["next_offset"]
    assert biolatch_as(operator, *lane, str(stands_at)).code == 0


def next_to_decide(lag: str) -> tuple[int, int]:
    for each in json.loads(lag)["partitions"]:
        if each["offsets_behind"]:
            return each["partition"], each["committed_offset"] or 0
    raise AssertionError(lag)


@pytest.mark.long
def test_a_worker_serves_on_when_password_certificate_key_and_authority_are_replaced(
    secured_kafka: SecuredKafka, biolatch_as: As, tmp_path: Path
) -> None:
    user, events, log = USERS[Role.WORKER], tmp_path / "events.jsonl", tmp_path / "worker.log"
    publisher = secured_kafka.by_password(USERS[Role.PUBLISHER])
    operator = secured_kafka.by_password(USERS[Role.OPERATOR])

    def decided(device: str) -> None:
        events.write_text(f"{declined(device)}\n")
        assert biolatch_as(publisher, "publish", str(events)).code == 0
        assert asyncio.run(verdict_of(secured_kafka, operator, device))

    first = mounted(tmp_path / "first", secured_kafka.authority, user, first_password(user))
    now = tmp_path / "now"  # as Kubernetes mounts a Secret: files behind a link that is turned
    now.symlink_to(first)
    with worker_as(settings_of(secured_kafka, user, now), log) as worker:
        decided("before-rotation")
        # The brokers' side comes first, which is the wrong order: the worker has to wait.
        renewed = Authority(tmp_path, "renewed")
        secured_kafka.renew(BOTH, renewed)
        secured_kafka.set_passwords({user: "the second"})
        asyncio.run(secured_kafka.broker.restart())
        turned = tmp_path / "turned"
        turned.symlink_to(mounted(tmp_path / "second", renewed, user, "the second"))
        turned.replace(now)
        decided("after-rotation")
        assert worker.process.poll() is None
    said = biolatch_as(settings_of(secured_kafka, user, first), "lag")
    assert said.code == 3
    assert "first password" not in log.read_text()
    assert "the second" not in log.read_text()


def mounted(folder: Path, authority: Authority, user: str, password: str) -> Path:
    """A folder of what a worker needs, by names that stay."""
    folder.mkdir()
    identity = authority.client(user, file=f"{user}-{folder.name}")
    (folder / "ca.crt").write_bytes(authority.file.read_bytes())
    (folder / "tls.crt").write_bytes(identity.certificate.read_bytes())
    secret_file(folder / "tls.key", identity.key.read_bytes())
    secret_file(folder / "password", password.encode())
    return folder


def settings_of(kafka: SecuredKafka, user: str, folder: Path) -> dict[str, str]:
    """Who comes with both a certificate and a password, from this folder."""
    return kafka.by_password(user, BOTH) | {
        f"{PREFIX}CA_FILE": str(folder / "ca.crt"),
        f"{PREFIX}CERTIFICATE_FILE": str(folder / "tls.crt"),
        f"{PREFIX}KEY_FILE": str(folder / "tls.key"),
        f"{PREFIX}SASL_PASSWORD_FILE": str(folder / "password"),
    }
