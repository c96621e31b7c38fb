"""The console as a running server: its socket, its views, and its end in good order."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, NamedTuple

import uvicorn

from agents.console_settings import ConsoleSettings
from agents.setting_groups import ApplicationSettings
from deploy.records.connection import Connection
from deploy.web_console.access import ways_in
from deploy.web_console.application import console_application
from deploy.web_console.front_door import FrontDoor
from deploy.web_console.live.views import LiveViews, live_views
from deploy.web_console.lookups import Lookups
from deploy.web_console.replays import Replays
from events.errors import Misconfigured
from schemas.topics import topology

_END_S_MAX: Final = 3
_HEADER_BYTES_MAX: Final = 16 * 1024
_CONNECTIONS_MAX: Final = 500


class RunningConsole(NamedTuple):
    """A console that answers.

    Attributes:
        url: where, on this machine.
        made_up_token: lets an operator in; None where the settings say who may.
        views: what it shows.
        serving: done when the server has ended by itself, which is a fault.
    """

    url: str
    made_up_token: str | None
    views: LiveViews
    serving: asyncio.Task[None]


@asynccontextmanager
async def running_console(
    settings: ConsoleSettings, connection: Connection, owner: ApplicationSettings
) -> AsyncGenerator[RunningConsole]:
    """A console for as long as the block lasts. It starts also while Kafka is away, and says so.

    Args:
        settings: where it listens, and who may come in.
        connection: the Kafka that it shows.
        owner: the application whose topics and workers those are.

    Raises:
        Misconfigured: the settings let nobody in, or everybody; or the port is taken.
    """
    access, made_up_token = ways_in(settings)
    topics = topology(owner.name)
    with _listening(settings) as listener:
        async with live_views(connection, owner.group) as views:
            lookups = Lookups(connection, views.states)
            replays = Replays(connection, owner.name, topics, is_on=settings.replay)
            application = console_application(
                access,
                connection=connection,
                topology=topics,
                views=views,
                lookups=lookups,
                replays=replays,
            )
            server = _Server(_server_options(settings, application))
            # Its socket listens already: who comes before it has started waits a moment.
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield RunningConsole(_url(settings, listener), made_up_token, views, serving)
            finally:
                views.closing.set()
                server.should_exit = True
                await serving
                await lookups.close()
                await replays.close()


class _Server(uvicorn.Server):
    """A server whose process takes its own signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them alone."""
        yield


def _server_options(settings: ConsoleSettings, application: FrontDoor) -> uvicorn.Config:
    options = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,  # what people do is in our own log, without ids
        server_header=False,
        # The front door asks who the peer is; headers must not change that.
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=_CONNECTIONS_MAX,
        h11_max_incomplete_event_size=_HEADER_BYTES_MAX,
        timeout_graceful_shutdown=_END_S_MAX,
        ssl_certfile=settings.tls_certificate_file,
        ssl_keyfile=None if settings.tls_key_file is None else str(settings.tls_key_file),
    )
    try:
        options.load()
    except OSError as error:  # an ssl.SSLError, too
        raise Misconfigured(
            "console.tls-unusable",
            f"BIOLATCH_CONSOLE__TLS_CERTIFICATE_FILE and its key cannot be used: {error.strerror}",
        ) from error
    return options


@contextmanager
def _listening(settings: ConsoleSettings) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise Misconfigured(
            "console.cannot-listen",
            f"it cannot listen on {settings.host}, port {settings.port}: {error.strerror}. Set "
            "BIOLATCH_CONSOLE__PORT to another one; 0 takes one that is free.",
        ) from error
    with listener:
        yield listener


def _url(settings: ConsoleSettings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "http" if settings.tls_certificate_file is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
