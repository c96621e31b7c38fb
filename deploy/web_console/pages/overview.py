"""How it goes: rates, lag, decisions over time, refusals, devices and workers."""

import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agents.lane.port import Partition
from deploy.inspection.lag import PartitionLag
from deploy.web_console.chart import area_chart, column_chart, shares
from deploy.web_console.live.feed_row import OutputKind
from deploy.web_console.live.group_view import GroupView
from deploy.web_console.live.output_counts import MINUTES
from deploy.web_console.live.views import LiveViews
from deploy.web_console.rendering import Renderer
from events.vocabulary import Status
from schemas.topics import DEVICE_EVENTS

DECISION_ORDER: Final = (
    "enabled",
    "re-enabled",
    "rearmed",
    "rebaselined",
    "refresh-advised",
    "re-enable-required",
    "fallback-required",
    "disabled",
)
"""From what is good news to what is not: the columns are stacked so."""

_MINUTE_MS: Final = 60_000
_HALF_HOUR_MS: Final = 30 * _MINUTE_MS


class OverviewPage:
    """The first page."""

    def __init__(self, renderer: Renderer, views: LiveViews) -> None:
        """Take what it needs."""
        self._renderer: Final = renderer
        self._views: Final = views

    @property
    def routes(self) -> list[Route]:
        """Where it is."""
        return [Route("/", self._overview)]

    async def _overview(self, request: Request) -> Response:
        now_ms = int(time.time() * 1000)
        outputs, group = self._views.outputs, self._views.group
        first_minute_ms = (now_ms // _MINUTE_MS - MINUTES + 1) * _MINUTE_MS
        letters = outputs.counts.names_by_minute(OutputKind.DEAD_LETTER, now_ms)
        columns = outputs.counts.names_by_minute(OutputKind.DECISION, now_ms)
        refusals = outputs.counts.reasons(OutputKind.VERDICT, "refused", now_ms)
        known = [
            (each.at_ms, each.behind_ms / 1000)
            for each in group.points
            if each.behind_ms is not None
        ]
        context = {
            "outputs": outputs,
            "verdicts_per_second": outputs.counts.per_second(OutputKind.VERDICT, now_ms),
            "decisions_per_second": outputs.counts.per_second(OutputKind.DECISION, now_ms),
            "dead_letters": sum(column.total() for column in letters),
            "chart": column_chart(columns, DECISION_ORDER),
            "columns": [
                (first_minute_ms + number * _MINUTE_MS, column)
                for number, column in enumerate(columns)
            ],
            "first_minute_ms": first_minute_ms,
            "refusals": refusals.most_common(8),
            "refusal_count": refusals.total(),
            "group": group,
            "lag_chart": area_chart(known, from_ms=now_ms - _HALF_HOUR_MS, to_ms=now_ms),
            "partitions": _partitions(group),
            **self._devices(),
        }
        return self._renderer.page(request, "overview", context)

    def _devices(self) -> dict[str, object]:
        users = self._views.states.standings.users()
        by_status = [
            (
                status.value,
                sum(count for standing, count in users.items() if standing.status == status),
            )
            for status in (Status.ENABLED, Status.FALLBACK, Status.DISABLED, Status.ABSENT)
        ]
        off = [
            (standing.reason, count) for standing, count in users.most_common() if standing.reason
        ]
        return {
            "states": self._views.states,
            "by_status": by_status,
            "status_bars": shares(by_status),
            "off_reasons": off[:6],
        }


def _partitions(group: GroupView) -> list[tuple[PartitionLag, str]]:
    """Each partition with who serves it."""
    if group.lag is None:
        return []
    members = group.group.members if group.group else ()
    served_by = {
        partition: f"{member.client_id} on {member.host}"
        for member in members
        for partition in member.partitions
    }
    return [
        (each, served_by.get(Partition(DEVICE_EVENTS, each.partition), ""))
        for each in group.lag.partitions
    ]
