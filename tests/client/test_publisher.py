"""The publisher on a real Kafka."""

import asyncio
import os
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.publisher_keys import PublisherKey
from biolatch_client import (
    AttemptOutcome,
    Channel,
    Closed,
    Envelope,
    EventRefused,
    KafkaConnection,
    KafkaRefused,
    KafkaUnavailable,
    Method,
    OsBiometrics,
    Place,
    Platform,
    Publisher,
    SyncPublisher,
)
from biolatch_client.background_loop import BackgroundLoop
from biolatch_client.events import EVENT_TYPES
from biolatch_client.signing import EventSigner
from biolatch_client.testing import EVENT_FACTORIES, attempt_finished
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.free_ports import free_port
from deploy.records.partitioner import partition_of
from tests.client.stored_events import Stored, require_readable, stored_in
from tests.client.test_signing import Received, key_file, verifier

PARTITIONS = 4


@pytest.fixture
async def topic(connection: KafkaConnection) -> str:
    """A topic of the test's own."""
    name = f"events-{uuid.uuid4().hex[:8]}"
    async with KafkaAdmin(connection.bootstrap_servers) as admin:
        await admin.create(name, partitions=PARTITIONS, replication=1, settings={})
    return name


def publisher(connection: KafkaConnection, topic: str, **options: Any) -> Publisher:  # noqa: ANN401
    return Publisher(connection, source="/backend", topic=topic, **options)


def by_device(stored: list[Stored]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for each in stored:
        ids.setdefault(each.key.decode(), []).append(each.event_id)
    return ids


async def test_every_event_is_stored_where_its_acknowledgement_says(
    connection: KafkaConnection, topic: str
) -> None:
    async with publisher(connection, topic) as open_publisher:
        events = [EVENT_FACTORIES[event_type]() for event_type in EVENT_TYPES]
        places = [
            await open_publisher.publish(f"phone-{number}", event)
            for number, event in enumerate(events)
        ]
    stored = {
        (each.partition, each.offset): each
        for each in await stored_in(connection.bootstrap_servers, topic)
    }
    assert len(stored) == len(events)
    for number, place in enumerate(places):
        record = stored[place.partition, place.offset]
        assert (place.topic, place.event_id) == (topic, record.event_id)
        assert place.verdict_id == f"{topic}/{place.partition}/{place.offset}/0"
        assert record.key == f"phone-{number}".encode()
        assert record.partition == partition_of(record.key, PARTITIONS)
        require_readable(record)


async def test_there_is_a_typed_method_for_each_event(
    connection: KafkaConnection, topic: str
) -> None:
    async with publisher(connection, topic) as backend:
        await backend.enrollment_submitted(
            "phone-1",
            user_id="ana",
            channel=Channel.SETTINGS,
            method=Method.FACE,
            platform=Platform.IOS,
            key_id="key-1",
            bio_epoch=1,
            os_biometrics=OsBiometrics.READY,
            password_verified_at=datetime.now(UTC),
        )
        await backend.attempt_finished(
            "phone-1",
            user_id="ana",
            login_id="login-1",
            place=Place.SIGN_IN,
            outcome=AttemptOutcome.MATCHED,
            key_id="key-1",
            bio_epoch=1,
            seq=1,
        )
        await backend.device_erased("phone-1", envelope=Envelope(event_id="erasure-1"))
        with pytest.raises(EventRefused) as refused:
            await backend.enrollment_declined("phone-1", user_id="", channel=Channel.SETTINGS)
        assert refused.value.code == "data.field_text"
    stored = await stored_in(connection.bootstrap_servers, topic)
    assert [dict(each.headers)["ce_type"].decode() for each in stored] == [
        "biolatch.enrollment.submitted.v1",
        "biolatch.attempt.finished.v1",
        "biolatch.device.erased.v1",
    ]
    assert stored[-1].event_id == "erasure-1"


async def test_events_of_a_device_are_stored_in_the_order_of_the_calls_of_many_tasks(
    connection: KafkaConnection, topic: str
) -> None:
    # Texts of all sizes: a small one would fit into a batch that has no room for the one before.
    expected: dict[str, list[str]] = {}
    async with publisher(connection, topic, buffer_events_max=50) as backend:
        calls: list[asyncio.Task[Any]] = []
        for number in range(600):
            device, event_id = f"phone-{number % 3}", str(number)
            expected.setdefault(device, []).append(event_id)
            event = attempt_finished(challenge="x" * (number * 7919 % 15_000))
            calls.append(
                asyncio.create_task(
                    backend.publish(device, event, envelope=Envelope(event_id=event_id))
                )
            )
        await asyncio.gather(*calls)
    assert by_device(await stored_in(connection.bootstrap_servers, topic)) == expected


async def test_a_cancelled_call_leaves_its_turn_and_its_place_to_others(
    connection: KafkaConnection, topic: str
) -> None:
    async with publisher(connection, topic, buffer_events_max=2) as backend:
        event = attempt_finished()
        for _ in range(5):
            calls = [asyncio.create_task(backend.publish("phone-1", event)) for _ in range(4)]
            await asyncio.sleep(0)
            for call in calls[:3]:
                call.cancel()
            assert (await calls[3]).topic == topic
            await asyncio.wait(calls)


async def test_events_are_stored_signed_where_there_is_a_signer(
    connection: KafkaConnection, topic: str, tmp_path: Path
) -> None:
    private = key_file(tmp_path, "EdDSA")
    signer = EventSigner.from_file(private)
    async with publisher(connection, topic, signer=signer) as backend:
        await backend.device_erased("phone-1")
    stored = await stored_in(connection.bootstrap_servers, topic)
    received = [Received(each.key, each.value, each.headers) for each in stored]
    outcomes = verifier(tmp_path, private).outcomes(received)
    assert [type(outcome) for outcome in outcomes] == [PublisherKey]


async def test_a_missing_topic_is_said_and_not_created(connection: KafkaConnection) -> None:
    with pytest.raises(KafkaRefused, match="biolatch topics apply") as refused:
        async with publisher(connection, "not-there"):
            pass
    assert refused.value.code == "kafka.topic_missing"
    async with KafkaAdmin(connection.bootstrap_servers) as admin:
        assert await admin.topics(["not-there"]) == {}


async def test_no_kafka_is_said_within_the_bound() -> None:
    nowhere = KafkaConnection(bootstrap_servers=f"127.0.0.1:{free_port()}", request_timeout_s=0.2)
    with pytest.raises(KafkaUnavailable, match="no Apache Kafka answers"):
        async with publisher(nowhere, "any"):
            pass


async def test_a_publisher_that_is_not_open_says_so(
    connection: KafkaConnection, topic: str
) -> None:
    closed = publisher(connection, topic)
    for _ in range(2):
        with pytest.raises(Closed):
            await closed.device_erased("phone-1")
        async with closed:
            await closed.device_erased("phone-1")


def test_threads_share_a_publisher_that_blocks(connection: KafkaConnection, topic: str) -> None:
    sent: dict[str, list[str]] = {}

    def work(device: str, backend: SyncPublisher) -> None:
        sent[device] = [backend.device_erased(device).event_id for _ in range(20)]

    with SyncPublisher(publisher(connection, topic)) as backend:
        threads = [
            threading.Thread(target=work, args=(f"phone-{number}", backend)) for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not [each for each in threading.enumerate() if each.name == "biolatch-publisher"]
    assert by_device(asyncio.run(stored_in(connection.bootstrap_servers, topic))) == sent
    with pytest.raises(Closed):
        backend.device_erased("phone-1")


def test_a_forked_process_is_told_to_open_its_own() -> None:
    loop = BackgroundLoop("to-be-forked")
    try:
        code = exit_code_of_child(lambda: loop.result_of(asyncio.sleep(0)))
    finally:
        loop.stop()
    assert code == "client.forked"


def exit_code_of_child(act: Callable[[], object]) -> str:
    """The code of the error that a forked process gets."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in a process of its own
        try:
            act()
            os.write(writing, b"nothing")
        except Closed as error:
            os.write(writing, error.code.encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        return answer.read()


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_tls_without_a_context_is_refused_at_once(protocol: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match="ssl_context"):
        KafkaConnection(bootstrap_servers="kafka:9093", security_protocol=protocol)


def test_a_password_is_never_shown() -> None:
    connection = KafkaConnection(
        bootstrap_servers="kafka:9092",
        security_protocol="SASL_PLAINTEXT",
        sasl_plain_username="backend",
        sasl_plain_password="swordfish",  # noqa: S106
    )
    assert "swordfish" not in repr(connection)
    assert connection.client_options()["sasl_plain_password"] == "swordfish"  # noqa: S105
