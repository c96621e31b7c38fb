"""`biolatch_client` on a secured Kafka, with a publisher's or a reader's rights and no others.

By TLS with SCRAM and by certificate; and the read API, whose settings lead to the same.
"""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.helpers import create_ssl_context

from biolatch_client import (
    DeviceStates,
    KafkaConnection,
    KafkaRefused,
    Publisher,
    Status,
)
from biolatch_client.testing import enrollment_submitted
from schemas.rights import Role
from tests.client.read_api_process import served_api
from tests.client.test_read_api_served import until
from tests.kafka.security.secured_kafka import (
    MUTUAL,
    SASL,
    SCRAM,
    USERS,
    SecuredKafka,
    first_password,
)
from tests.kafka.security.test_secured_work import worker_as

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def by_password(kafka: SecuredKafka, role: Role) -> KafkaConnection:
    return KafkaConnection(
        bootstrap_servers=kafka.servers(SASL),
        security_protocol="SASL_SSL",
        ssl_context=ssl.create_default_context(cafile=kafka.authority.file),
        sasl_mechanism=SCRAM,
        sasl_plain_username=USERS[role],
        sasl_plain_password=first_password(USERS[role]),
    )


def by_certificate(kafka: SecuredKafka, role: Role) -> KafkaConnection:
    identity = kafka.authority.client(USERS[role], file=f"{USERS[role]}-of-client")
    return KafkaConnection(
        bootstrap_servers=kafka.servers(MUTUAL),
        security_protocol="SSL",
        ssl_context=create_ssl_context(
            cafile=str(kafka.authority.file),
            certfile=str(identity.certificate),
            keyfile=str(identity.key),
        ),
    )


async def publish_and_ask(publisher: KafkaConnection, reader: KafkaConnection, device: str) -> None:
    """A backend's whole day: publish an enrollment, and see that the user may."""
    async with Publisher(publisher, source="/login") as publishing, DeviceStates(reader) as states:
        await states.wait_ready()
        await publishing.publish(device, enrollment_submitted(user_id="ana"))
        async with asyncio.timeout(120):
            while not states.may_use(device, "ana"):  # noqa: ASYNC110 - nobody else could tell
                await asyncio.sleep(0.05)
        state = states.device(device)
        assert state is not None
        assert state.users[0].status is Status.ENABLED


@pytest.mark.parametrize("way", [by_password, by_certificate])
def test_a_backend_publishes_and_asks_with_the_rights_of_its_roles(
    way: object, secured_kafka: SecuredKafka, tmp_path: Path
) -> None:
    assert callable(way)
    device = f"client-{way.__name__}"
    with worker_as(secured_kafka.by_password(USERS[Role.WORKER]), tmp_path / "worker.log"):
        publisher = way(secured_kafka, Role.PUBLISHER)
        asyncio.run(publish_and_ask(publisher, way(secured_kafka, Role.READER), device))
    settings = secured_kafka.by_password(USERS[Role.READER])
    servers = settings["BIOLATCH_KAFKA__BOOTSTRAP_SERVERS"]
    with served_api(servers, tmp_path, settings) as api:
        path = f"/devices/{device}/users/ana/permission"
        until(lambda: api.client.get(path).status_code == 200)
        assert api.client.get(path).json()["permission"] == "may"
        assert first_password(USERS[Role.READER]) not in "".join(api.log)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("password", "kafka.login_refused"),
        ("user", "kafka.login_refused"),
        ("right", "kafka.refused"),
    ],
)
async def test_who_may_not_is_told_so_and_nothing_secret(
    wrong: str, code: str, secured_kafka: SecuredKafka
) -> None:
    connection = by_password(secured_kafka, Role.PUBLISHER)
    match wrong:
        case "password":
            connection = replace(connection, sasl_plain_password="not this one")  # noqa: S106
        case "user":
            connection = replace(connection, sasl_plain_username="nobody")
        case _:
            connection = by_password(secured_kafka, Role.READER)
    with pytest.raises(KafkaRefused) as refused:
        async with Publisher(connection, source="/login") as publisher:
            await publisher.publish("client-refused", enrollment_submitted())
    assert refused.value.code == code
    for secret in (first_password(USERS[Role.PUBLISHER]), "not this one"):
        assert secret not in str(refused.value)
        assert secret not in repr(connection)


async def test_a_publisher_s_rights_are_not_enough_to_ask(secured_kafka: SecuredKafka) -> None:
    async with DeviceStates(by_password(secured_kafka, Role.PUBLISHER)) as states:
        with pytest.raises(KafkaRefused, match="or shows it not to this client"):
            await states.wait_ready(within_s=20)
        assert not states.may_use("client-refused", "ana")


async def test_a_broker_that_an_unknown_authority_vouches_for_is_not_talked_to(
    secured_kafka: SecuredKafka,
) -> None:
    foreign = ssl.create_default_context(cafile=secured_kafka.foreign.file)
    connection = replace(by_password(secured_kafka, Role.PUBLISHER), ssl_context=foreign)
    with pytest.raises(KafkaRefused) as refused:
        async with Publisher(connection, source="/login") as publisher:
            await publisher.publish("client-refused", enrollment_submitted())
    assert refused.value.code == "kafka.certificate_untrusted"
