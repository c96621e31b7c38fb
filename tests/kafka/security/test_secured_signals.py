"""The transmitter of shared signals on a secured Kafka, with its own rights and no others."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.rights import Role
from tests.kafka.security.secured_kafka import USERS, SecuredKafka
from tests.signals.decider import Decider
from tests.signals.transmitter import Installation, client_of


@pytest.mark.drill
async def test_a_stream_is_set_up_read_and_acknowledged_by_the_principal_signals(
    secured_kafka: SecuredKafka, tmp_path: Path
) -> None:
    settings = secured_kafka.by_password(USERS[Role.SIGNALS])
    worker = secured_kafka.connection(secured_kafka.by_password(USERS[Role.WORKER]))
    installation = Installation(
        settings["BIOLATCH_KAFKA__BOOTSTRAP_SERVERS"],
        tmp_path,
        settings,
        application="biolatch",
        is_prepared=True,
    )
    with installation.process() as process:
        async with (
            client_of(process, installation) as client,
            AIOKafkaProducer(**worker.client("worker"), acks="all") as producer,
        ):
            stream = await client.create()
            await Decider(producer).decides("disabled", "ada", reason="admin")
            given = await client.poll(stream)
            assert len(given["sets"]) == 1
            left = await client.poll(stream, ack=[*given["sets"]], returnImmediately=True)
            assert left["sets"] == {}
