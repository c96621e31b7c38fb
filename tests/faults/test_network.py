"""The way to the broker fails: a proxy between it and everybody delays, cuts, and drops answers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from deploy.kafka.free_ports import free_port
from deploy.kafka.server_properties import LOOPBACK
from tests.faults.campaign import Campaign, campaign
from tests.faults.campaign_size import COUNTS, SETTINGS
from tests.faults.kafka_frames import Kind
from tests.faults.proxied_kafka import proxied_kafka
from tests.faults.tcp_proxy import Proxy

_WITHHELD_S_MAX = 60.0
_LOOK_S = 0.02
Trouble = Callable[[Campaign, Proxy], Awaitable[None]]


@pytest.mark.long
@pytest.mark.timeout(COUNTS.run_s_max)
async def test_every_event_is_decided_once_over_a_bad_network() -> None:
    proxy_port, behind_port = free_port(), free_port()
    kafka = partial(proxied_kafka, proxy_port=proxy_port, behind_port=behind_port)
    async with (
        _proxy(proxy_port, behind_port) as proxy,
        campaign("network", kafka=kafka, way=f"{LOOPBACK}:{proxy_port}") as running,
    ):
        for _ in range(COUNTS.network_rounds):
            for trouble in running.chance.sample(_TROUBLES, len(_TROUBLES)):
                await running.calm(0.3, 1)
                await trouble(running, proxy)
        proxy.heal()


@asynccontextmanager
async def _proxy(port: int, broker_port: int) -> AsyncGenerator[Proxy]:
    proxy = Proxy(port, broker_port, f"{SETTINGS.seed} proxy")
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


async def _delay(running: Campaign, proxy: Proxy) -> None:
    proxy.delay_s = running.chance.uniform(0.02, 0.4)
    await running.calm(1, 3)
    proxy.delay_s = 0.0
    running.faults["spells of delays"] += 1


async def _slice(running: Campaign, proxy: Proxy) -> None:
    proxy.slices = True
    await running.calm(1, 2)
    proxy.slices = False
    running.faults["spells of sliced answers"] += 1


async def _cut(running: Campaign, proxy: Proxy) -> None:
    running.faults["connections cut"] += proxy.cut(running.chance.uniform(0.2, 1))


async def _half_open(running: Campaign, proxy: Proxy) -> None:
    running.faults["connections half open"] += proxy.half_open(running.chance.uniform(0.2, 1))


async def _hold(running: Campaign, proxy: Proxy) -> None:
    """Nothing passes, sometimes for longer than a request may take."""
    proxy.hold()
    await running.calm(1, 7)
    proxy.release()
    running.faults["spells of nothing passing"] += 1


def _withheld(kind: Kind) -> Trouble:
    async def withhold(running: Campaign, proxy: Proxy) -> None:
        before = proxy.withheld[kind]
        proxy.withhold(kind)
        async with asyncio.timeout(_WITHHELD_S_MAX):
            while proxy.withheld[kind] == before:  # noqa: ASYNC110 - until such a request comes
                await asyncio.sleep(_LOOK_S)
        running.faults[f"answers to {kind.name} withheld"] += 1

    return withhold


_TROUBLES: list[Trouble] = [_delay, _slice, _cut, _half_open, _hold, *map(_withheld, Kind)]
