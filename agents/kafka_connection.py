"""How a process that serves or mends lanes reaches Kafka, by its settings.

Owns what lanes and an operator must agree on: group, transactional ids and changelog follow from
the same settings in the same way.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agents.kafka_settings import KafkaSettings
from agents.key_file import is_open_to_everybody
from agents.lane.kafka.client import AccessRefused, KafkaLogs, KafkaOptions
from agents.lane.kafka.secret_file import UnusableSecret, read_secret
from agents.lane.kafka.security import Security
from agents.lane.kafka.tls import UnusableFiles
from agents.lane.log import LogFailure
from agents.settings import Settings
from events.errors import Misconfigured, TransientFailure


def usable_security(kafka: KafkaSettings) -> Security:
    """How both sides prove who they are, every file of it looked at once.

    Raises:
        Misconfigured: a file cannot be used, or holds a secret and is open to other users.
    """
    security = kafka.security
    secrets = [kafka.sasl_password_file, kafka.key_password_file]
    secrets.append(kafka.key_file or kafka.certificate_file)
    try:
        security.client()
        if kafka.sasl_password_file is not None:
            read_secret(kafka.sasl_password_file)
    except (UnusableFiles, UnusableSecret) as error:
        raise Misconfigured("kafka.security-file", str(error)) from error
    for file in secrets:
        if file is not None and is_open_to_everybody(file):
            raise Misconfigured(
                "kafka.secret-open",
                f"{file} holds a secret and can be read by every user of this machine; run `chmod "
                "o= ` on it, or set `defaultMode: 0440` where Kubernetes mounts it",
            )
    return security


def kafka_options(settings: Settings, changelog_topic: str) -> KafkaOptions:
    """What the clients of lanes are made with.

    Raises:
        Misconfigured: a file of certificates, keys or a password cannot be used.
    """
    compression = settings.kafka.compression
    return KafkaOptions(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        client_id=settings.kafka.client_id,
        group_id=settings.application.group,
        transactional_prefix=settings.application.name,
        changelog_topic=changelog_topic,
        request_timeout_s=settings.kafka.request_timeout_s,
        transaction_timeout_s=settings.lane.transaction_timeout_s,
        close_s_max=settings.lane.close_s_max,
        compression=None if compression == "none" else compression,
        security=usable_security(settings.kafka),
    )


@asynccontextmanager
async def connected(options: KafkaOptions) -> AsyncGenerator[KafkaLogs]:
    """The clients that lanes share, connected for the time of the block.

    Raises:
        TransientFailure: no broker answers.
        Misconfigured: a broker answers, and does not let this process in.
    """
    logs = KafkaLogs(options)
    try:
        await logs.start()
    except AccessRefused as refused:
        raise Misconfigured("kafka.access-refused", str(refused)) from refused
    except LogFailure as failure:
        raise TransientFailure(
            "kafka.unreachable",
            f"no Apache Kafka answers at {options.bootstrap_servers}. Start one here with "
            "`biolatch kafka start`, or set BIOLATCH_KAFKA__BOOTSTRAP_SERVERS to the address of "
            "yours.",
        ) from failure
    try:
        yield logs
    finally:
        await logs.stop()
