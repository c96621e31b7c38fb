# Goal: the groups that `biolatch lag` asks for are the ones that the agents join.
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.delivery.limits import DeliveryLimits
from agents.delivery_worker import DeliveryAgent, DeliveryWorker
from agents.feed_keys import FeedKeys
from agents.notifier import worker as notifier
from agents.setting_groups import ApplicationSettings
from agents.settings import Settings
from agents.signals.feed import FeedSource
from deploy.monitor import agent_lags
from deploy.monitor.agent_lags import GroupTopic
from deploy.workers import AgentName
from deploy.workers.analytics import workers

SETTINGS = Settings(application=ApplicationSettings(name="bank", group_id="bank-workers"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The groups that were asked for."""
    groups: list[str] = []

    async def measured(_settings: Settings, *wanted: GroupTopic) -> list[object]:
        groups.extend(each.group for each in wanted)
        return []

    async def found(_settings: Settings, is_wanted: Callable[[str], bool]) -> list[object]:
        groups.extend(filter(is_wanted, ["bank-signals-5eed", "bank-signalsx", "bank-notifier"]))
        return []

    monkeypatch.setattr(agent_lags, "_measured", measured)
    monkeypatch.setattr(agent_lags, "_found", found)
    return groups


async def test_an_agent_is_asked_for_by_the_names_of_its_groups(asked: list[str]) -> None:
    for agent in AgentName:
        await agent_lags.lags_of(SETTINGS, agent)
    limits = DeliveryLimits()
    delivers = DeliveryAgent(
        name=notifier.NAME, input="", outputs=(), limits=limits, courier=cast("Any", None)
    )
    source = cast("FeedSource", SimpleNamespace(application=SETTINGS.application.name))
    assert asked == [
        SETTINGS.application.group,
        DeliveryWorker(SETTINGS, delivers).kafka.group_id,
        FeedSource.group(source, "5eed"),
        *(each.kafka.group_id for each in workers(SETTINGS, FeedKeys([bytes(32)]))),
    ]
