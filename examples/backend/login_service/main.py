"""The service as it runs: `uvicorn --factory login_service.main:create`.

Settings: `KAFKA` (host:port), `DATABASE` (SQLAlchemy's address of it), and `PASSWORD_OF_ALL`, which
no real service has.
"""

import asyncio
import hmac
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import create_engine
from starlette.applications import Starlette

from biolatch_client import DeviceStates, KafkaConnection, Publisher
from biolatch_client.outbox import OutboxRelay
from login_service import storage
from login_service.application import Services, application


def create() -> Starlette:
    """The service on Kafka and a database."""
    kafka = KafkaConnection(bootstrap_servers=os.environ["KAFKA"], client_id="login-service")
    engine = create_engine(os.environ.get("DATABASE", "sqlite:///login-service.db"))
    publisher = Publisher(kafka, source=storage.SOURCE)
    states = DeviceStates(kafka)
    password = os.environ["PASSWORD_OF_ALL"].encode()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        storage.metadata.create_all(engine)
        async with publisher, states:
            await states.wait_ready()
            relaying = OutboxRelay(engine, storage.outbox, publisher, poll_s=0.1)
            relay = asyncio.create_task(relaying.run())
            try:
                yield
            finally:
                relay.cancel()
                await asyncio.wait({relay})
                engine.dispose()

    def is_password(_user_id: str, given: str) -> bool:
        return hmac.compare_digest(given.encode(), password)

    return application(Services(publisher, states, engine, is_password), lifespan)
