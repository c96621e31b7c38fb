"""One device: how its users stand now, and everything that happened to it."""

import time
from itertools import islice
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.web_console.action_log import log_action
from deploy.web_console.actions import Form, action
from deploy.web_console.device_story import REACH_FIRST, REACH_STEP, STEPS_MAX, LookupRequest
from deploy.web_console.live.views import LiveViews
from deploy.web_console.lookups import Lookup, Lookups
from deploy.web_console.masks import KnownDevices
from deploy.web_console.rendering import Renderer
from deploy.web_console.story_view import days_of, user_views
from deploy.web_console.visit import visit_of
from events.vocabulary import ID_LENGTH_MAX

_RECENT_MAX: Final = 12
_REACH_MAX: Final = 1 << 62
_FORGOTTEN: Final = (
    "This console does not remember which device that is: it was shown long ago, or before a "
    "restart. Search for the device's id."
)


class DevicePages:
    """Search and story."""

    def __init__(
        self, renderer: Renderer, views: LiveViews, devices: KnownDevices, lookups: Lookups
    ) -> None:
        """Take what they need."""
        self._renderer: Final = renderer
        self._views: Final = views
        self._devices: Final = devices
        self._lookups: Final = lookups

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/devices", self._search, methods=["GET"]),
            Route("/devices", action(self._find), methods=["POST"]),
            Route("/devices/{mask}", self._device, methods=["GET"]),
            Route("/devices/{mask}/again", action(self._look_again), methods=["POST"]),
        ]

    async def _search(self, request: Request) -> Response:
        return self._search_page(request)

    def _search_page(self, request: Request, trouble: str = "", status_code: int = 200) -> Response:
        shown = self._renderer.shown(request)
        newest = dict.fromkeys(
            row.device for row in self._views.outputs.newest_first() if row.device
        )
        if shown.is_clear and newest:
            log_action(visit_of(request).identity, "devices-listed", ids_in_clear=True)
        context = {
            "states": self._views.states,
            "trouble": trouble,
            "id_length_max": ID_LENGTH_MAX,
            "recent": [
                (shown.device(device), shown.reference(device))
                for device in islice(newest, _RECENT_MAX)
            ],
        }
        return self._renderer.page(request, "devices", context, status_code=status_code)

    async def _find(self, request: Request, form: Form) -> Response:
        device = form.get("device", "").strip()
        if not device or len(device) > ID_LENGTH_MAX:
            words = f"A device's id has 1 to {ID_LENGTH_MAX} characters."
            return self._search_page(request, words, status_code=400)
        known = self._devices.device_of(device)
        mask = self._devices.mask_of(device if known is None else known)
        return RedirectResponse(f"/devices/{mask}", status_code=303)

    async def _device(self, request: Request) -> Response:
        mask = request.path_params["mask"]
        device = self._devices.device_of(mask)
        if device is None:
            return self._search_page(request, _FORGOTTEN, status_code=404)
        lookup = await self._lookups.look_up(_request(device, request))
        shown = self._renderer.shown(request)
        frame: dict[str, object] = {
            "mask": mask,
            "device": shown.device(device),
            "lookup": lookup,
            "query": request.url.query,
        }
        if lookup.trouble:
            raise HTTPException(503, lookup.trouble)
        if lookup.story is None:
            return self._renderer.page(request, "device_progress", frame)
        log_action(
            visit_of(request).identity, "device-viewed", device=mask, ids_in_clear=shown.is_clear
        )
        now_ms = int(time.time() * 1000)
        frame |= {
            "story": lookup.story,
            "users": user_views(lookup.story, shown, now_ms),
            "days": days_of(lookup.story, shown),
            "steps_max": STEPS_MAX,
            "further": _further(lookup),
        }
        return self._renderer.page(request, "device", frame)

    async def _look_again(self, request: Request, form: Form) -> Response:
        mask = request.path_params["mask"]
        device = self._devices.device_of(mask)
        if device is not None:
            self._lookups.forget(device)
        query = form.get("query", "")
        return RedirectResponse(f"/devices/{mask}?{query}" if query else f"/devices/{mask}", 303)


def _request(device: str, request: Request) -> LookupRequest:
    reach = request.query_params.get("reach", "")
    return LookupRequest(
        device=device,
        reach=min(int(reach), _REACH_MAX) if reach.isdecimal() and int(reach) else REACH_FIRST,
        everywhere=request.query_params.get("everywhere") == "1",
    )


def _further(lookup: Lookup) -> int:
    return lookup.request.reach * REACH_STEP
