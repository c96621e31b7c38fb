"""The worker of an agent that delivers to the outside: settings and a courier, put together.

Owns how the parts are wired, as `agents.app` does for the devices agent. Must never create a topic.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import TypeAlias

from agents.delivery.group_positions import GroupPositions
from agents.delivery.lanes import DeliveryLanes
from agents.delivery.limits import DeliveryLimits
from agents.delivery.port import Courier
from agents.hosting import group_options, kafka_failures, run_host
from agents.kafka_connection import connected, kafka_options
from agents.lane.faust_host.host import LaneHost
from agents.lane.faust_host.options import HostOptions
from agents.lane.kafka.client import KafkaLogs, KafkaOptions
from agents.lane.status import WorkerStatus
from agents.settings import Settings
from events.errors import Misconfigured

CourierSource: TypeAlias = Callable[[KafkaOptions], AbstractAsyncContextManager[Courier]]
"""Opens a courier with all that it needs, for as long as the worker serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAgent:
    """What makes one delivering agent different from another.

    Attributes:
        name: ends the name of its consumer group, `<application>-<name>`.
        input: the topic that is delivered.
        outputs: topics that the courier writes to; they have to be there.
        limits: bound every wait.
        courier: turns records into deliveries.
    """

    name: str
    input: str
    outputs: Sequence[str]
    limits: DeliveryLimits
    courier: CourierSource


class DeliveryWorker:
    """One worker process's work.

    Attributes:
        status: what its lanes do; to be read at any time, from the same event loop.
        kafka: how it reaches Kafka.
    """

    def __init__(self, settings: Settings, agent: DeliveryAgent) -> None:
        """Prepare; nothing is connected before `run`."""
        self.status = WorkerStatus()
        self._settings = settings
        self._agent = agent
        self._group_id = f"{settings.application.name}-{agent.name}"
        # It has no changelog: its position is the group's offset.
        self.kafka = replace(kafka_options(settings, agent.input), group_id=self._group_id)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set, then finish what is in flight and leave the group.

        Raises:
            TransientFailure: no broker answers.
            Misconfigured: a topic is missing, or the group will not have this worker.
            InvariantBroken: Faust has ended by itself.
        """
        async with connected(self.kafka) as logs:
            await self._require_topics(logs)
            async with self._agent.courier(self.kafka) as courier:
                host = LaneHost(
                    HostOptions(
                        application=self._group_id,
                        input_topic=self._agent.input,
                        kafka=self.kafka,
                        group=group_options(self._settings),
                        instance_id=self._settings.membership.instance_id,
                    )
                )
                host.lanes = DeliveryLanes(
                    feed=host.feed,
                    positions=GroupPositions(host, logs),
                    courier=courier,
                    limits=self._agent.limits,
                    status=self.status,
                    jitter=random.Random(),  # noqa: S311 - spreads pauses, protects nothing
                )
                await run_host(host, stop)

    async def _require_topics(self, logs: KafkaLogs) -> None:
        names = (self._agent.input, *self._agent.outputs)
        with kafka_failures():
            counts = await logs.partition_counts(names)
        if missing := [name for name in names if name not in counts]:
            raise Misconfigured(
                "topics.missing",
                f"these topics do not exist, or this user may not see them: {', '.join(missing)}. "
                "Run `biolatch topics apply`, on a cluster with ACLs with `--acls`.",
            )
