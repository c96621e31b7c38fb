"""All live views, and the tasks that keep them up to date."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.records.connection import Connection
from deploy.web_console.live.group_view import GroupView
from deploy.web_console.live.keeping import Health, keep
from deploy.web_console.live.outputs_view import OutputsView
from deploy.web_console.live.states_view import StatesView


@dataclass(frozen=True, slots=True)
class LiveViews:
    """What the console keeps up to date.

    Attributes:
        outputs: the newest verdicts, decisions and dead letters.
        states: how every device stands.
        group: the workers, and how far they are behind.
        closing: set when the console ends, so that streams end too.
    """

    outputs: OutputsView
    states: StatesView
    group: GroupView
    closing: asyncio.Event

    def troubles(self) -> list[Health]:
        """The views that are not up to date."""
        views = (self.outputs, self.states, self.group)
        return [view.health for view in views if view.health.trouble]


@asynccontextmanager
async def live_views(connection: Connection, group_id: str) -> AsyncGenerator[LiveViews]:
    """The views, kept up to date for as long as the block lasts."""
    views = LiveViews(
        OutputsView(connection),
        StatesView(connection),
        GroupView(connection, group_id),
        asyncio.Event(),
    )
    works = ((each.follow, each.health) for each in (views.outputs, views.states, views.group))
    tasks = [asyncio.create_task(keep(work, health)) for work, health in works]
    try:
        yield views
    finally:
        views.closing.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
