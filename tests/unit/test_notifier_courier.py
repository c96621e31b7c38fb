"""The notifier's courier: tries, pauses, dead letters, on a log in memory against a real server."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import groupby

import msgspec
import pytest
from structlog.testing import capture_logs

from agents.delivery.backoff import Backoff
from agents.delivery.lanes import DeliveryLanes
from agents.delivery.limits import DeliveryLimits
from agents.lane.log import LogFailure
from agents.lane.memory import MemoryLog
from agents.lane.port import OutgoingRecord, Partition
from agents.notifier.catalogues import Catalogues
from agents.notifier.courier import Destination, NotifierCourier, Patience
from agents.notifier.endpoints import Endpoint
from agents.notifier.webhook import WebhookClient
from deploy.reference.notifications import every_decision
from tests.unit.delivery_rig import Outside, Worker, delivering, new_input, reached
from tests.unit.lane_rig import ZERO
from tests.webhook_receiver import Behaviour, Receiver, close_at_once, hang, status

PATIENCE = Patience(
    tries_max=4,
    backoff=Backoff(s_min=0.01, s_max=0.02),
    away_s_max=30,
    breaker_failures=100,
    breaker_pause=Backoff(s_min=0.05, s_max=0.1),
)
CATALOGUES = Catalogues(["en"])


def decided(log: MemoryLog, device: str, number: int, *, partition: Partition = ZERO) -> None:
    """A decision that needs a message, as the devices agent writes it."""
    decision = msgspec.structs.replace(next(iter(every_decision())).decision, device_id=device)
    headers: list[tuple[str, bytes | None]] = [
        ("ce_id", f"in/0/{number}/1".encode()),
        ("ce_time", b"2026-01-31T08:00:00.000Z"),
        ("ce_type", decision.event_type.encode()),
    ]
    log.append(partition, (device.encode(), msgspec.json.encode(decision), headers))


class Notifier:
    """A notifier on a log in memory; its dead letters stay here."""

    def __init__(self, log: MemoryLog, patience: Patience = PATIENCE) -> None:
        self.worker = Worker(log, Outside())
        self.patience = patience
        self.letters: list[OutgoingRecord] = []
        self.letters_fail = 0

    async def put_aside(self, number: int, letter: OutgoingRecord) -> None:
        assert number == 0
        if self.letters_fail:
            self.letters_fail -= 1
            raise LogFailure("no broker")
        self.letters.append(letter)

    @asynccontextmanager
    async def to(self, *receivers: Receiver, timeout_s: float = 5) -> AsyncIterator[Worker]:
        clients = [
            WebhookClient(
                Endpoint(f"to-{number}", receiver.url, (b"s" * 32,), None),
                timeout_s=timeout_s,
                at_once_max=8,
            )
            for number, receiver in enumerate(receivers)
        ]
        jitter = random.Random(0)
        courier = NotifierCourier(
            [Destination(client, self.patience, jitter) for client in clients],
            CATALOGUES,
            self.put_aside,
        )
        worker = self.worker
        worker.lanes = DeliveryLanes(
            feed=worker.feed,
            positions=worker.positions,
            courier=courier,
            limits=DeliveryLimits(commit_interval_s=0.05),
            status=worker.status,
            jitter=jitter,
        )
        try:
            async with delivering(worker):
                yield worker
        finally:
            for client in clients:
                await client.__aexit__(None, None, None)

    def codes(self) -> list[str]:
        return [field(letter, "biolatch-error-code") for letter in self.letters]


def field(letter: OutgoingRecord, name: str) -> str:
    return (dict(letter[2])[name] or b"").decode()


async def test_each_device_is_told_in_order_whatever_the_endpoint_does() -> None:
    log = new_input()
    for number in range(24):
        decided(log, f"phone-{number % 3}", number)
    chance = random.Random(7)
    answers = [status(500), close_at_once, hang, status(503), *[status(200)] * 8]
    receiver = Receiver()

    async def sometimes(request: object, writer: object) -> None:
        await chance.choice(answers)(request, writer)  # type: ignore[arg-type]

    receiver.behaves = sometimes
    with capture_logs():
        async with receiver:
            patient = replace(PATIENCE, tries_max=100)
            notifier = Notifier(log, patient)
            async with notifier.to(receiver, timeout_s=0.2) as worker:
                await worker.catch_up()
    assert notifier.letters == []
    for first in range(3):
        ids = [
            each.data["decision_id"]
            for each in receiver.received
            if each.data["device_id"] == f"phone-{first}"
        ]
        # Repeats follow each other, then comes the next one.
        assert list(dict.fromkeys(ids)) == [f"in/0/{number}/1" for number in range(first, 24, 3)]
        assert [key for key, _ in groupby(ids)] == list(dict.fromkeys(ids))
    by_decision: dict[str, set[str]] = {}
    for each in receiver.received:
        by_decision.setdefault(each.data["decision_id"], set()).add(each.id)
    assert len(by_decision) == 24
    assert all(len(ids) == 1 for ids in by_decision.values())


async def test_after_the_last_try_it_is_a_dead_letter_with_all_that_happened() -> None:
    log = new_input()
    decided(log, "phone-1", 0)
    async with Receiver(status(500)) as receiver:
        notifier = Notifier(log)
        notifier.letters_fail = 1
        with capture_logs() as lines:
            async with notifier.to(receiver) as worker:
                await worker.catch_up()
    assert len(receiver.received) == 4
    [letter] = notifier.letters
    original = log.readable(ZERO)[0]
    assert (letter[0], letter[1]) == (original.key, original.value)
    assert list(letter[2])[:3] == list(original.headers)
    assert dict(list(letter[2])[3:]) == {
        "biolatch-original-topic": b"in",
        "biolatch-original-partition": b"0",
        "biolatch-original-offset": b"0",
        "biolatch-original-timestamp": b"0",
        "biolatch-error-code": b"notification.tries-spent",
        "biolatch-error-message": b"status 500",
        "biolatch-endpoint": b"to-0",
        "biolatch-tries": b"4",
        "biolatch-last-status": b"500",
    }
    assert "phone-1" not in str(lines)


@pytest.mark.parametrize(
    ("behaviour", "code", "requests"),
    [
        (status(422), "notification.refused", 2),
        (status(410), "notification.endpoint-gone", 1),
        (status(404), "notification.tries-spent", 8),
    ],
)
async def test_some_answers_end_it_at_once(behaviour: Behaviour, code: str, requests: int) -> None:
    log = new_input()
    decided(log, "phone-1", 0)
    decided(log, "phone-1", 1)
    async with Receiver(behaviour) as receiver:
        notifier = Notifier(log)
        with capture_logs():
            async with notifier.to(receiver) as worker:
                await worker.catch_up()
    assert notifier.codes() == [code, code]
    assert len(receiver.received) == requests


async def test_an_endpoint_that_is_away_is_left_alone_and_told_everything_when_it_is_back() -> None:
    log = new_input()
    for number in range(10):
        decided(log, f"phone-{number}", number)
    receiver = Receiver(status(500))
    patience = replace(PATIENCE, breaker_failures=3, tries_max=1000)
    async with receiver:
        notifier = Notifier(log, patience)
        with capture_logs() as lines:
            async with notifier.to(receiver) as worker:
                await reached(
                    lambda: any(line["event"] == "notifier.endpoint-away" for line in lines)
                )
                await receiver.stop()
                receiver.behaves = status(200)
                await receiver.start()
                await worker.catch_up()
    delivered = {each.data["device_id"] for each in receiver.received}
    assert delivered == {f"phone-{number}" for number in range(10)}
    assert notifier.letters == []
    events = [line["event"] for line in lines]
    assert events.count("notifier.endpoint-away") == events.count("notifier.endpoint-back") == 1


async def test_what_cannot_be_tried_for_too_long_is_a_dead_letter() -> None:
    log = new_input()
    decided(log, "phone-1", 0)
    async with Receiver(status(429, retry_after="86400")) as receiver:
        notifier = Notifier(log, replace(PATIENCE, away_s_max=0.3))
        with capture_logs():
            async with notifier.to(receiver) as worker:
                await worker.catch_up()
    assert notifier.codes() == ["notification.endpoint-away"]
    assert field(notifier.letters[0], "biolatch-tries") == "0"
    assert len(receiver.received) == 1


async def test_an_endpoint_that_fails_holds_up_no_other_one() -> None:
    log = new_input()
    for number in range(5):
        decided(log, "phone-1", number)
    async with Receiver(hang) as stuck, Receiver(status(200)) as well:
        notifier = Notifier(log)
        with capture_logs():
            async with notifier.to(stuck, well, timeout_s=30) as worker:
                await reached(lambda: len(well.received) == 5)
                assert len(stuck.received) == 1
                assert worker.log.group_offsets[ZERO] == 0


async def test_a_record_that_is_no_decision_is_put_aside_and_stops_nothing() -> None:
    log = new_input()
    log.append(ZERO, (b"phone-1", b"{", ()))
    decided(log, "phone-1", 1)
    async with Receiver() as receiver:
        notifier = Notifier(log)
        with capture_logs():
            async with notifier.to(receiver) as worker:
                await worker.catch_up()
    assert notifier.codes() == ["notification.unreadable"]
    assert field(notifier.letters[0], "biolatch-endpoint") == "-"
    assert [each.data["decision_id"] for each in receiver.received] == ["in/0/1/1"]
