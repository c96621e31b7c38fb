"""The publisher in memory behaves as the real one where no Kafka is needed to know."""

import asyncio

import pytest

from biolatch_client import (
    AttemptOutcome,
    Channel,
    Closed,
    Envelope,
    EventRefused,
    NotAcknowledged,
    Place,
    SyncPublisher,
)
from biolatch_client.events import DeviceErased, EnrollmentWithdrawn
from biolatch_client.testing import InMemoryPublisher


async def test_what_is_published_is_kept_in_order_with_its_place() -> None:
    async with InMemoryPublisher() as publisher:
        first = await publisher.enrollment_withdrawn(
            "phone-1", user_id="ana", channel=Channel.SETTINGS
        )
        second = await publisher.device_erased("phone-1", envelope=Envelope(event_id="e"))
    assert [each.event for each in publisher.published] == [
        EnrollmentWithdrawn(user_id="ana", channel=Channel.SETTINGS),
        DeviceErased(),
    ]
    assert (second.partition, second.offset) == (first.partition, first.offset + 1)
    assert second.event_id == publisher.published[1].record.event_id == "e"


async def test_it_refuses_what_the_real_one_refuses_and_can_fail_as_it_does() -> None:
    async with InMemoryPublisher() as publisher:
        with pytest.raises(EventRefused) as refused:
            await publisher.attempt_finished(
                "phone-1",
                user_id="ana",
                login_id="login-1",
                place=Place.SIGN_IN,
                outcome=AttemptOutcome.MATCHED,
                key_id="key-1",
                bio_epoch=0,
                seq=1,
            )
        assert refused.value.code == "data.number_out_of_range"
        publisher.fail_next(NotAcknowledged("event-1", "Kafka is away"))
        with pytest.raises(NotAcknowledged):
            await publisher.device_erased("phone-1")
        await publisher.device_erased("phone-1")
    assert len(publisher.published) == 1
    with pytest.raises(Closed):
        await publisher.device_erased("phone-1")


def test_it_stands_behind_the_publisher_that_blocks() -> None:
    inner = InMemoryPublisher()
    with SyncPublisher(inner) as publisher:
        publisher.device_erased("phone-1")
        with pytest.raises(EventRefused):
            publisher.device_erased("")
    assert len(inner.published) == 1


async def test_the_loop_of_the_blocking_publisher_must_not_wait_for_itself() -> None:
    class Recursive(InMemoryPublisher):
        async def publish(self, device_id: str, *_: object, **__: object) -> object:  # type: ignore[override]
            return outer.device_erased(device_id)

    outer = SyncPublisher(Recursive())  # type: ignore[arg-type]

    def use() -> None:
        with outer:
            outer.device_erased("phone-1")

    with pytest.raises(Closed, match="wait for itself"):
        await asyncio.to_thread(use)
