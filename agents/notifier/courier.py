"""The notifier's courier: tries, pauses, and when a message is a dead letter.

Owns what follows from each answer. The order of a device, and that nothing is lost, are the
delivery's (`agents.delivery`).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import structlog

from agents.delivery.backoff import Backoff
from agents.delivery.breaker import Breaker
from agents.delivery.port import Delivery
from agents.lane.port import InputRecord, OutgoingRecord, Partition
from agents.notifier.catalogues import Catalogues
from agents.notifier.notifications import Sendable, sendable
from agents.notifier.webhook import Answer, Outcome, WebhookClient
from events.errors import MalformedInput
from schemas.dead_letters import Origin
from schemas.notification_dead_letters import (
    Undelivered,
    UndeliveredCode,
    notification_dead_letter,
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

NOBODY = "-"
"""The endpoint of a dead letter that was for none, and the destination of one that is put aside."""

PutAside: TypeAlias = Callable[[int, OutgoingRecord], Awaitable[None]]
"""Writes a dead letter to the partition of that number; returns when it is safe there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often, and for how long, something is tried; see the settings of group `notifier`."""

    tries_max: int
    backoff: Backoff
    away_s_max: float
    breaker_failures: int
    breaker_pause: Backoff


class Destination:
    """An endpoint, as the worker knows it: how to reach it, and how it has answered of late."""

    def __init__(self, client: WebhookClient, patience: Patience, jitter: random.Random) -> None:
        """Begin with an endpoint that is taken to be well."""
        self.client = client
        self.name = client.endpoint.name
        self.patience = patience
        self.jitter = jitter
        self.is_gone = False
        self._breaker = Breaker(
            failures_max=patience.breaker_failures, pause=patience.breaker_pause, jitter=jitter
        )
        self._log = _logger.bind(endpoint=self.name)

    def wait_s(self) -> float | None:
        """None: try now, and say how it went. Otherwise so many seconds until then."""
        return self._breaker.admit(asyncio.get_running_loop().time())

    async def send(self, message: Sendable) -> Answer:
        """Send a message once, and remember how it went."""
        try:
            answer = await self.client.send(message.id, message.body)
        except BaseException:
            self._breaker.gave_up()
            raise
        match answer.outcome:
            case Outcome.FAILED:
                now_s = asyncio.get_running_loop().time()
                if self._breaker.failed(now_s, answer.pause_s):
                    self._log.warning("notifier.endpoint-away", reason=answer.reason)
            case Outcome.GONE:
                self._breaker.succeeded()
                if not self.is_gone:
                    self.is_gone = True
                    self._log.error(
                        "notifier.endpoint-gone",
                        reason=answer.reason,
                        fix="take it out of the endpoints file, or mend it and restart the worker",
                    )
            case Outcome.DELIVERED | Outcome.REFUSED:
                if self._breaker.succeeded():
                    self._log.info("notifier.endpoint-back")
            case _:
                assert_never(answer.outcome)
        return answer


class NotifierCourier:
    """Turns decisions into deliveries to every endpoint; a `Courier`."""

    def __init__(
        self, destinations: Sequence[Destination], catalogues: Catalogues, put_aside: PutAside
    ) -> None:
        """Deliver to these."""
        self._destinations = destinations
        self._catalogues = catalogues
        self._put_aside = put_aside

    def deliveries(self, partition: Partition, record: InputRecord) -> Sequence[Delivery]:
        """See `Courier`."""
        letter = Letter(partition, record, self._put_aside)
        try:
            message = sendable(record.value, record.headers, self._catalogues)
        except MalformedInput as error:
            code = UndeliveredCode.UNREADABLE
            return [_ToDeadLetters(letter, Undelivered(NOBODY, code, str(error), None, 0))]
        if message is None:
            return []
        return [_ToEndpoint(letter, message, each) for each in self._destinations]


@dataclass(frozen=True, slots=True)
class Letter:
    """A decision's record, and how it is put aside."""

    partition: Partition
    record: InputRecord
    write: PutAside

    async def put_aside(self, what: Undelivered) -> None:
        """Make it a dead letter."""
        partition, record = self.partition, self.record
        origin = Origin(partition.topic, partition.number, record.offset, record.timestamp)
        letter = notification_dead_letter(
            record.key, record.value, record.headers, origin=origin, what=what
        )
        await self.write(partition.number, letter)
        _logger.warning(
            "notifier.dead-letter",
            endpoint=what.endpoint,
            code=what.code.value,
            reason=what.message,
            tries=what.tries,
            topic=partition.topic,
            partition=partition.number,
            offset=record.offset,
        )


class _ToDeadLetters:
    """A record that nobody can read."""

    destination = NOBODY

    def __init__(self, letter: Letter, what: Undelivered) -> None:
        self._letter = letter
        self._what = what

    async def attempt(self) -> None:
        await self._letter.put_aside(self._what)


class _ToEndpoint:
    """One message to one endpoint.

    Only requests that were answered badly, or not at all, count as tries; time counts where none
    could be made.
    """

    def __init__(self, letter: Letter, message: Sendable, to: Destination) -> None:
        self.destination = to.name
        self._letter = letter
        self._message = message
        self._to = to
        self._since_s = asyncio.get_running_loop().time()
        self._tries = 0
        self._last = Answer(Outcome.FAILED, None, "it was not tried")
        self._given_up: Undelivered | None = None

    async def attempt(self) -> float | None:
        """See `Delivery`."""
        if self._given_up is None:
            result = await self._try()
            if not isinstance(result, Undelivered):
                return result
            self._given_up = result
        await self._letter.put_aside(self._given_up)
        return None

    async def _try(self) -> float | Undelivered | None:
        to, patience = self._to, self._to.patience
        if to.is_gone:
            return self._undelivered(UndeliveredCode.ENDPOINT_GONE, "the endpoint is gone")
        wait_s = to.wait_s()
        if wait_s is not None:
            left_s = self._since_s + patience.away_s_max - asyncio.get_running_loop().time()
            if left_s <= 0:
                return self._undelivered(UndeliveredCode.ENDPOINT_AWAY, self._last.reason)
            return min(wait_s, left_s)
        self._last = answer = await to.send(self._message)
        match answer.outcome:
            case Outcome.DELIVERED:
                return None
            case Outcome.FAILED if answer.pause_s is not None:
                return 0.0  # a pause that was asked for is no try; the breaker keeps it
            case Outcome.FAILED:
                self._tries += 1
                if self._tries < patience.tries_max:
                    return patience.backoff.pause_s(self._tries - 1, to.jitter)
                return self._undelivered(UndeliveredCode.TRIES_SPENT, answer.reason)
            case Outcome.REFUSED:
                self._tries += 1
                return self._undelivered(UndeliveredCode.REFUSED, answer.reason)
            case Outcome.GONE:
                self._tries += 1
                return self._undelivered(UndeliveredCode.ENDPOINT_GONE, answer.reason)
            case _:
                assert_never(answer.outcome)

    def _undelivered(self, code: UndeliveredCode, reason: str) -> Undelivered:
        return Undelivered(self._to.name, code, reason, self._last.status, self._tries)
