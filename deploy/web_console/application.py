"""The console as one ASGI application: pages, errors, and the front door around them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from deploy.records.connection import Connection
from deploy.web_console.current_tokens import CurrentTokens
from deploy.web_console.front_door import FrontDoor
from deploy.web_console.live.views import LiveViews
from deploy.web_console.login_limit import LoginLimit
from deploy.web_console.lookups import Lookups
from deploy.web_console.masks import KnownDevices, Masks
from deploy.web_console.pages.dead_letters import DeadLetterPages
from deploy.web_console.pages.devices import DevicePages
from deploy.web_console.pages.feed import FeedPages
from deploy.web_console.pages.login import LoginPages
from deploy.web_console.pages.overview import OverviewPage
from deploy.web_console.pages.topics import TopicsPage
from deploy.web_console.proxy_identity import ProxyIdentity
from deploy.web_console.rendering import STATIC, Renderer
from deploy.web_console.replays import Replays
from deploy.web_console.sessions import Sessions
from events.errors import Misconfigured, TransientFailure
from schemas.topics import Topology

_NO_PAGE: Final = "There is no such page."


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may come in, and how.

    Attributes:
        tokens: those that count.
        sessions: who is logged in.
        proxy: whom a proxy may name.
        host_names: the names under which people reach the console.
        mask_key: makes masks.
    """

    tokens: CurrentTokens
    sessions: Sessions
    proxy: ProxyIdentity
    host_names: frozenset[str]
    mask_key: bytes


def console_application(
    access: Access,
    *,
    connection: Connection,
    topology: Topology,
    views: LiveViews,
    lookups: Lookups,
    replays: Replays,
) -> FrontDoor:
    """The application, over views that somebody else keeps up to date."""
    masks = Masks(access.mask_key)
    devices = KnownDevices(masks)
    renderer = Renderer(views, masks, devices)
    pages = (
        LoginPages(
            renderer,
            access.sessions,
            LoginLimit(),
            takes_tokens=access.tokens.are_there,
            takes_proxied=access.proxy.is_on,
        ),
        OverviewPage(renderer, views),
        FeedPages(renderer, views, devices, access.sessions),
        DevicePages(renderer, views, devices, lookups),
        DeadLetterPages(renderer, connection, replays),
        TopicsPage(renderer, connection, topology, views.group),
    )
    errors = _ErrorPages(renderer)
    application = Starlette(
        routes=[
            *(route for page in pages for route in page.routes),
            Route("/healthz", _healthz),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            HTTPException: errors.refused,
            TransientFailure: errors.unavailable,
            Misconfigured: errors.unavailable,
        },
    )
    return FrontDoor(
        application,
        sessions=access.sessions,
        proxy=access.proxy,
        host_names=access.host_names,
    )


async def _healthz(request: Request) -> Response:
    """Whether the process answers; that Kafka is away is no reason to restart it."""
    del request
    return PlainTextResponse("ok\n")


class _ErrorPages:
    """What is shown where there is no page: never a traceback, and always what to do."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer: Final = renderer

    async def refused(self, request: Request, error: Exception) -> Response:
        """A page that is not there, or not for everybody."""
        match error:
            case HTTPException(status_code=HTTPStatus.NOT_FOUND, detail="Not Found"):
                return self._renderer.error(request, HTTPStatus.NOT_FOUND, _NO_PAGE)
            case HTTPException():
                return self._renderer.error(request, error.status_code, error.detail)
            case _:
                raise error

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """Kafka cannot be reached, or refuses; the error says what to do."""
        return self._renderer.error(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
