"""A web console in a thread of its own, and somebody who uses it over HTTP."""

import asyncio
import re
import ssl
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

import httpx2

from agents.console_settings import ConsoleSettings
from agents.setting_groups import ApplicationSettings
from deploy.records.connection import Connection
from deploy.web_console.serving import RunningConsole, running_console

_START_S_MAX: Final = 60.0
_CSRF: Final = re.compile(r'name="csrf_token" value="([^"]+)"')


@contextmanager
def console_in_a_thread(
    settings: ConsoleSettings, connection: Connection
) -> Generator[RunningConsole]:
    """A console for as long as the block lasts."""
    started: Future[RunningConsole] = Future()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        try:
            async with running_console(settings, connection, ApplicationSettings()) as running:
                stop.append((asyncio.get_running_loop(), asyncio.Event()))
                started.set_result(running)
                await stop[0][1].wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield started.result(timeout=_START_S_MAX)
    finally:
        for loop, event in stop:
            loop.call_soon_threadsafe(event.set)
        thread.join(timeout=_START_S_MAX)
        assert not thread.is_alive()


class User:
    """Somebody with a browser that runs no scripts."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        *,
        trusts: ssl.SSLContext | None = None,
    ) -> None:
        self.http = httpx2.Client(
            base_url=url,
            headers={"accept": "text/html", **(headers or {})},
            timeout=30,
            verify=trusts or True,
            # None is kept open, so nobody has to be closed.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def log_in(self, token: str, onward: str = "") -> httpx2.Response:
        """Fill in the form."""
        return self.http.post("/login", data={"token": token, "next": onward})

    def page(self, path: str) -> str:
        """A page that there is."""
        answer = self.http.get(path, follow_redirects=True)
        assert answer.status_code == httpx2.codes.OK, f"{path}: {answer.status_code} {answer.text}"
        return answer.text

    def act(self, path: str, page: str, **fields: str) -> httpx2.Response:
        """Send a form of a page."""
        found = _CSRF.search(self.page(page))
        assert found
        return self.http.post(path, data={"csrf_token": found[1], **fields})

    def device(self, device: str) -> str:
        """The page of a device, once it has been read."""
        where = self.act("/devices", "/devices", device=device).headers["location"]
        while "data-until-done" in (text := self.page(where)):
            pass
        return text
