"""One test's way through the wire: it publishes as a backend does, and reads what any consumer may.

Nothing of the rules is called here. Expectations are those of the demo's story (`deploy.demo`).
"""

import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer

from deploy.demo.checking import differences
from deploy.demo.observer import Answer, Observer
from deploy.demo.script import (
    Event,
    EventField,
    Expectation,
    Expected,
    SecondsAgo,
    applied,
    decided,
    step,
)
from deploy.demo.story.people import Person, Phone
from schemas.topics import DEVICE_EVENTS, topology

ANSWER_WAIT_S = 20.0
SOURCE = "/journeys"


class Clock(Protocol):
    """What time it is for the rules."""

    def now_ms(self) -> int: ...

    def timestamp_ms(self) -> int | None:
        """The timestamp to give to a record; None leaves it to the broker."""
        ...


class BrokersTime:
    """The broker gives every record its time, and nobody moves it."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def timestamp_ms(self) -> None:
        return None


@dataclass
class MovedTime:
    """The test gives every record its time."""

    at: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def now_ms(self) -> int:
        return round(self.at.timestamp() * 1000)

    def timestamp_ms(self) -> int:
        return self.now_ms()

    def passes(self, **duration: float) -> None:
        self.at += timedelta(**duration)


class Published(NamedTuple):
    """Where an event lies, and its time there."""

    partition: int
    offset: int
    timestamp_ms: int


class Clients(NamedTuple):
    """What all journeys on one broker share."""

    producer: Any
    observer: Observer


@dataclass
class Journey:
    """Publishes with a device id of its own, so that journeys never meet."""

    producer: Any
    observer: Observer
    clock: Clock
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    last: Published = field(default_factory=lambda: Published(0, 0, 0))

    def phone(self, platform: str = "ios") -> Phone:
        """A phone that nobody has used before."""
        return Phone(f"{platform}-{self.name}-{uuid.uuid4().hex[:6]}", platform)

    async def leads_to(
        self,
        event: Event,
        verdict: Expected,
        *decisions: Expected,
        state: Expectation | None = None,
        event_id: str | None = None,
        occurred_ms: int | None = None,
        structured: bool = False,
    ) -> Answer:
        """Publish the event; it has to lead to exactly this."""
        await self.publish(event, event_id, occurred_ms, structured=structured)
        answer = await self.observer.answer(
            self.last.partition,
            self.last.offset,
            event.device,
            wait_s=ANSWER_WAIT_S,
        )
        expected = step("", event, verdict, *decisions, state=state)
        assert differences(expected, answer) == []
        return answer

    async def enables(self, phone: Phone, person: Person, channel: str = "login_prompt") -> Answer:
        """The person enables biometrics without trouble."""
        event = phone.enables(person, channel)
        return await self.leads_to(
            event, applied(), decided("enabled", user_id=person.user), state={"status": "enabled"}
        )

    async def publish(
        self,
        event: Event,
        event_id: str | None = None,
        occurred_ms: int | None = None,
        *,
        structured: bool = False,
    ) -> Published:
        """Publish the event, whatever it leads to."""
        attributes = {
            "specversion": "1.0",
            "id": event_id or str(uuid.uuid4()),
            "source": SOURCE,
            "type": event.type,
            "subject": event.device,
            "time": self._text(self.clock.now_ms() if occurred_ms is None else occurred_ms),
        }
        data = {name: self._written(value) for name, value in event.data.items()}
        if structured:
            value = json.dumps({**attributes, "data": data}).encode()
            headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
        else:
            value = json.dumps(data).encode()
            headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
            headers.append(("content-type", b"application/json"))
        return await self.publish_raw(event.device.encode(), value, headers)

    async def publish_raw(
        self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> Published:
        """Publish any record."""
        stored = await self.producer.send_and_wait(
            DEVICE_EVENTS, value, key=key, headers=headers, timestamp_ms=self.clock.timestamp_ms()
        )
        self.last = Published(stored.partition, stored.offset, stored.timestamp)
        return self.last

    def text_after(self, **duration: float) -> str:
        """The instant so long after the last event's time on the topic, as outputs write it."""
        return self._text(
            self.last.timestamp_ms + timedelta(**duration) // timedelta(milliseconds=1)
        )

    def _written(self, value: object) -> object:
        if not isinstance(value, SecondsAgo):
            return value
        return self._text(self.clock.now_ms() - value.seconds * 1000)

    @staticmethod
    def _text(instant_ms: int) -> str:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant_ms)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def erased(phone: Phone, person: Person | None = None) -> Event:
    """Forget the person, or the whole phone."""
    return Event("device.erased", phone.device, {} if person is None else {"user_id": person.user})


def revoked(phone: Phone, person: Person, *, allow_re_enable: bool) -> Event:
    """An administrator switches it off."""
    return Event(
        "enrollment.revoked",
        phone.device,
        {"user_id": person.user, "reason_admin": "lost", "allow_re_enable": allow_re_enable},
    )


def with_data(event: Event, **changes: EventField) -> Event:
    """The event with some of its data changed."""
    return replace(event, data={**event.data, **changes})


@asynccontextmanager
async def clients_of(bootstrap_servers: str) -> AsyncIterator[Clients]:
    """A backend's producer, and somebody who watches what comes out."""
    async with (
        AIOKafkaProducer(
            bootstrap_servers=bootstrap_servers, acks="all", enable_idempotence=True
        ) as producer,
        Observer(bootstrap_servers, topology()) as observer,
    ):
        yield Clients(producer, observer)
