"""The feed: what biolatch answers, as it answers, filtered; a plain list without scripts."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import (
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from deploy.inspection.instants import clock_of
from deploy.inspection.visible_text import visible
from deploy.web_console.action_log import log_action
from deploy.web_console.actions import Form, action
from deploy.web_console.feed_filter import FeedFilter, feed_filter
from deploy.web_console.live.feed_row import FeedRow, OutputKind
from deploy.web_console.live.views import LiveViews
from deploy.web_console.masks import KnownDevices
from deploy.web_console.rendering import Renderer
from deploy.web_console.sessions import Session, Sessions
from deploy.web_console.shown import Shown
from deploy.web_console.tones import tone_of
from deploy.web_console.visit import visit_of
from events.decisions import DECISION_TYPES
from events.verdicts import VERDICT_TYPES
from events.vocabulary import DisabledReason, FallbackReason, Platform, RearmedReason, RefusedReason

_SHOWN_AT_FIRST: Final = 100
_SHOWN_AT_ONCE_MAX: Final = 50
"""More than that nobody could read; how many were left out is said."""
_EVERY_S: Final = 0.5
_HEARTBEAT_S: Final = 15.0
"""Proxies end connections that are silent; and a browser that is gone is noticed so."""

_STREAM_S_MAX: Final = 600.0
"""Then the browser asks anew by itself, and so does whoever has logged the user in."""
_STREAMS_MAX: Final = 100

_TYPES: Final = {
    OutputKind.DECISION.value: [each.event_type.split(".")[2] for each in DECISION_TYPES],
    OutputKind.VERDICT.value: [each.event_type.split(".")[2] for each in VERDICT_TYPES],
}
_REASONS: Final = {
    "decisions": sorted({*DisabledReason, *FallbackReason, *RearmedReason}),
    "refusals": sorted(RefusedReason),
}


class FeedPages:
    """The feed and its stream."""

    def __init__(
        self, renderer: Renderer, views: LiveViews, devices: KnownDevices, sessions: Sessions
    ) -> None:
        """Take what they need."""
        self._renderer: Final = renderer
        self._views: Final = views
        self._devices: Final = devices
        self._sessions: Final = sessions
        self._streams = 0

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/feed", self._feed, methods=["GET"]),
            Route("/feed", action(self._narrow), methods=["POST"]),
            Route("/feed/events", self._events),
        ]

    async def _feed(self, request: Request) -> Response:
        wanted = feed_filter(request.query_params)
        shown = self._renderer.shown(request)
        rows = islice(self._rows(wanted, after=0), _SHOWN_AT_FIRST)
        device = self._devices.device_of(wanted.device)
        context = {
            "rows": [row_json(row, shown) for row in rows],
            "wanted": wanted,
            "device": shown.device(device) if device else "",
            "is_device_forgotten": bool(wanted.device) and device is None,
            "last_number": self._views.outputs.last_number,
            "types": _TYPES,
            "reasons": _REASONS,
            "platforms": list(Platform),
            "is_loaded": self._views.outputs.health.is_loaded,
        }
        if shown.is_clear:
            log_action(visit_of(request).identity, "feed-viewed", ids_in_clear=True)
        return self._renderer.page(request, "feed", context)

    async def _narrow(self, request: Request, form: Form) -> Response:
        """A device's id is typed in here and never stands in an address: its mask does."""
        del request
        wanted = feed_filter(form)
        if wanted.device and self._devices.device_of(wanted.device) is None:
            wanted = wanted._replace(device=self._devices.mask_of(wanted.device))
        return RedirectResponse(f"/feed?{wanted.query}" if wanted.query else "/feed", 303)

    async def _events(self, request: Request) -> Response:
        if self._streams >= _STREAMS_MAX:
            return PlainTextResponse("Too many feeds are open.\n", status_code=503)
        wanted = feed_filter(request.query_params)
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        last = self._views.outputs.last_number
        number = min(int(after), last) if after.isdecimal() else last
        session, shown = visit_of(request).session, self._renderer.shown(request)
        if shown.is_clear:
            log_action(visit_of(request).identity, "feed-followed", ids_in_clear=True)
        stream = self._stream(session, wanted, shown, number)
        # A proxy must not hold back what is meant to come at once.
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )

    async def _stream(
        self, session: Session | None, wanted: FeedFilter, shown: Shown, number: int
    ) -> AsyncGenerator[str]:
        loop = asyncio.get_running_loop()
        began_s = said_s = loop.time()
        self._streams += 1
        try:
            yield "retry: 2000\n\n"
            # A login that has ended meanwhile ends its streams.
            while session is not None and self._sessions.lasts(session):
                rows = self._rows(wanted, after=number)
                number = self._views.outputs.last_number
                if rows:
                    yield _message(number, rows, shown)
                    said_s = loop.time()
                elif loop.time() - said_s > _HEARTBEAT_S:
                    yield f"id: {number}\n: nothing new\n\n"
                    said_s = loop.time()
                if self._views.closing.is_set() or loop.time() - began_s > _STREAM_S_MAX:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY_S):
                        await self._views.closing.wait()
        finally:
            self._streams -= 1

    def _rows(self, wanted: FeedFilter, *, after: int) -> list[FeedRow]:
        """The rows that are wanted, the newest first."""
        return [
            row
            for row in self._views.outputs.newest_first(after=after)
            if wanted.passes(row, self._devices)
        ]


def _message(number: int, rows: list[FeedRow], shown: Shown) -> str:
    """Rows as an event of the stream; `number` is where a browser that was cut off goes on."""
    some = [row_json(row, shown) for row in rows[:_SHOWN_AT_ONCE_MAX]]
    data = json.dumps({"rows": some, "left_out": len(rows) - len(some)})
    return f"id: {number}\nevent: rows\ndata: {data}\n\n"


def row_json(row: FeedRow, shown: Shown) -> dict[str, object]:
    """A row as the page and its script show it."""
    return {
        "time": clock_of(row.timestamp_ms)[:12],
        "kind": row.kind.value,
        "name": visible(row.name),
        "tone": tone_of(row.kind, row.name),
        "reason": visible(row.reason),
        "device": visible(shown.device(row.device)),
        "href": f"/devices/{shown.reference(row.device)}" if row.device else "",
        "user": visible(shown.user(row.user_id)),
        "facts": visible(" · ".join(filter(None, (row.platform, *row.facts)))),
        "origin": f"{row.origin.partition}/{row.origin.offset}",
    }
