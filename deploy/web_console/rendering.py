"""Templates into pages, the same frame around all of them.

Everything that a template prints is escaped for HTML, and characters that cannot be seen (controls,
changes of the writing direction) are written out, so no record can pass for something else.
"""

import importlib.metadata
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from deploy.inspection.instants import clock_of, day_of, span_of_time, written
from deploy.inspection.visible_text import visible
from deploy.web_console.live.views import LiveViews
from deploy.web_console.masks import KnownDevices, Masks
from deploy.web_console.shown import Shown
from deploy.web_console.visit import visit_of

_FOLDER: Final = Path(__file__).parent
STATIC: Final = _FOLDER / "static"


def _visible(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "instant": written,
        "day": day_of,
        "clock": _clock,
        "clock_ms": clock_of,
        "span": span_of_time,
        "count": _count,
        "rate": _rate,
    }
    return environment


def _clock(timestamp_ms: int) -> str:
    """The time of the day to the second."""
    return clock_of(timestamp_ms)[: len("16:20:59")]


def _count(number: int) -> str:
    return f"{number:,}"


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.1f}"  # noqa: PLR2004 (two digits)


class Renderer:
    """Makes pages."""

    def __init__(self, views: LiveViews, masks: Masks, devices: KnownDevices) -> None:
        """Read nothing yet; templates are read when they are needed first."""
        self._environment: Final = _environment()
        self._views: Final = views
        self._masks: Final = masks
        self._devices: Final = devices
        self._version: Final = importlib.metadata.version("biolatch")

    def shown(self, request: Request) -> Shown:
        """What the user of this request sees of ids."""
        return Shown(visit_of(request).identity, self._masks, self._devices)

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, object] | None = None,
        *,
        status_code: int = 200,
    ) -> HTMLResponse:
        """A page.

        Args:
            request: what it answers.
            template: the name of its file, without the extension.
            context: what the template needs beside the frame's own.
            status_code: of the answer.
        """
        session = visit_of(request).session
        frame = {
            "identity": session and session.identity,
            "csrf_token": session.csrf_token if session else "",
            "path": request.url.path,
            "troubles": self._views.troubles() if session else [],
            "now_ms": int(time.time() * 1000),
            "version": self._version,
        }
        text = self._environment.get_template(f"{template}.html").render(
            {**frame, **(context or {})}
        )
        return HTMLResponse(text, status_code=status_code)

    def error(self, request: Request, status_code: int, words: str) -> HTMLResponse:
        """The page of something that went wrong."""
        title = HTTPStatus(status_code).phrase
        context = {"status_code": status_code, "title": title, "words": words}
        return self.page(request, "error", context, status_code=status_code)
