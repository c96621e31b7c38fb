"""The notifier as a delivering agent: its courier, opened with all that it needs."""

import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from agents.delivery.backoff import Backoff
from agents.delivery.limits import DeliveryLimits
from agents.delivery.port import Courier
from agents.delivery_worker import DeliveryAgent
from agents.hosting import kafka_failures
from agents.lane.kafka.appender import RecordAppender
from agents.lane.kafka.client import KafkaOptions
from agents.lane.port import OutgoingRecord, Partition
from agents.notifier.catalogues import Catalogues
from agents.notifier.courier import Destination, NotifierCourier, Patience
from agents.notifier.endpoints import Endpoint, read_endpoints
from agents.notifier.webhook import WebhookClient
from agents.notifier_settings import NotifierSettings
from events.errors import Misconfigured
from schemas.topics import DECISIONS, NOTIFICATION_DEAD_LETTERS

NAME = "notifier"
"""Ends the name of its consumer group."""


def notifier_agent(settings: NotifierSettings) -> DeliveryAgent:
    """The notifier, as these settings want it.

    Raises:
        Misconfigured: endpoints, secrets or languages cannot be used.
    """
    endpoints = configured_endpoints(settings)
    catalogues = Catalogues(settings.locales.split(","))
    patience = patience_of(settings)

    @asynccontextmanager
    async def courier(kafka: KafkaOptions) -> AsyncGenerator[Courier]:
        async with AsyncExitStack() as stack:
            with kafka_failures():
                appender = await stack.enter_async_context(RecordAppender(kafka))
            jitter = random.Random()  # noqa: S311 - spreads pauses, protects nothing
            destinations = [
                Destination(
                    await stack.enter_async_context(client_of(endpoint, settings)),
                    patience,
                    jitter,
                )
                for endpoint in endpoints
            ]

            async def put_aside(number: int, letter: OutgoingRecord) -> None:
                await appender.append(Partition(NOTIFICATION_DEAD_LETTERS, number), letter)

            yield NotifierCourier(destinations, catalogues, put_aside)

    return DeliveryAgent(
        name=NAME,
        input=DECISIONS,
        outputs=(NOTIFICATION_DEAD_LETTERS,),
        limits=DeliveryLimits(
            waiting_records_max=settings.waiting_records_max,
            at_once_max=settings.at_once_max,
            commit_interval_s=settings.commit_interval_s,
        ),
        courier=courier,
    )


def configured_endpoints(settings: NotifierSettings) -> tuple[Endpoint, ...]:
    """The endpoints of the settings' file.

    Raises:
        Misconfigured: there is no file, or it cannot be used.
    """
    if settings.endpoints_file is None:
        raise Misconfigured(
            "notifier.no-endpoints",
            "BIOLATCH_NOTIFIER__ENDPOINTS_FILE is not set: it names the file of the webhooks that "
            "notifications go to (docs/how-to/notifier.md)",
        )
    return read_endpoints(settings.endpoints_file)


def client_of(endpoint: Endpoint, settings: NotifierSettings) -> WebhookClient:
    """The connections to an endpoint, as the settings want them."""
    return WebhookClient(endpoint, timeout_s=settings.timeout_s, at_once_max=settings.at_once_max)


def patience_of(settings: NotifierSettings) -> Patience:
    """How often, and for how long, the settings want something tried."""
    return Patience(
        tries_max=settings.tries_max,
        backoff=Backoff(s_min=settings.backoff_s_min, s_max=settings.backoff_s_max),
        away_s_max=settings.away_s_max,
        breaker_failures=settings.breaker_failures,
        breaker_pause=Backoff(
            s_min=settings.breaker_pause_s_min, s_max=settings.breaker_pause_s_max
        ),
    )
