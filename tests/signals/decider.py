"""Decisions to tell, written as the devices agent writes them."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.topics import topology


class Decider:
    """Writes verdicts and decisions as the devices agent does: its topics, its ids, its order."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._offset = 0
        self.decisions = topology().decisions.name
        self.verdicts = topology().verdicts.name

    async def decides(
        self, kind: str, user: str, device: str = "phone-1", *, partition: int = 0, **data: object
    ) -> None:
        self._offset += 1
        await self.writes(
            self.decisions, f"biolatch.decision.{kind}.v1", self._offset, 1, user, device,
            partition, data,
        )  # fmt: skip

    async def writes(
        self,
        topic: str,
        event_type: str,
        offset: int,
        index: int,
        user: str,
        device: str,
        partition: int,
        data: Mapping[str, Any],
    ) -> None:
        value = {
            "device_id": device,
            "user_id": user,
            "policy_version": "1",
            "occurred_at": "2026-09-21T12:00:00.000Z",
            "cause": {"type": "biolatch.test", "source": "/test"},
            "guidance": "none",
            "bio_epoch": 1,
            **data,
        }
        headers = {
            "ce_id": f"biolatch.device-events/{partition}/{self.run}{offset}/{index}",
            "ce_type": event_type,
            "ce_time": "2026-09-21T12:00:01.500Z",
        }
        await self._producer.send_and_wait(
            topic,
            json.dumps(value).encode(),
            key=device.encode(),
            partition=partition,
            headers=[(name, text.encode()) for name, text in headers.items()],
        )

    run = str(time.time_ns() // 1_000_000)
    """Begins the offsets of this run's inputs, so that no two runs on one broker share an id."""


@asynccontextmanager
async def decider_on(servers: str) -> AsyncIterator[Decider]:
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        yield Decider(producer)
