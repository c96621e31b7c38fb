"""Work that goes on for ever: begun again when Kafka was away, and honest about it meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import structlog

from events.errors import Misconfigured, TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PAUSE_S_MIN: Final = 0.5
_PAUSE_S_MAX: Final = 10.0
_DEFECT: Final = "a fault of the console; its log says more"

Work: TypeAlias = Callable[[], Awaitable[None]]


class Health:
    """Whether a view is up to date.

    Attributes:
        what: the view, for people: `the live feed`.
        trouble: why it is not up to date; empty when it is.
        is_loaded: whether it has been complete once.
    """

    def __init__(self, what: str) -> None:
        """Not up to date yet."""
        self.what: Final = what
        self.trouble = ""
        self.is_loaded = False

    def is_well(self) -> None:
        """It has heard from Kafka just now."""
        self.trouble = ""

    def is_silent(self, silence_s: float) -> None:
        """It has not heard from Kafka for so long."""
        self.trouble = f"Kafka has not answered for {silence_s:.0f} s"


async def keep(work: Work, health: Health) -> None:
    """Do the work again and again, for as long as this is not cancelled."""
    pause_s = _PAUSE_S_MIN
    while True:
        said = health.trouble
        try:
            await work()
            pause_s = _PAUSE_S_MIN
        except (TransientFailure, Misconfigured) as error:
            health.trouble = str(error)
            if health.trouble != said:
                _logger.warning(
                    "console.view-stale", view=health.what, code=error.code, reason=str(error)
                )
        except Exception:
            health.trouble = _DEFECT
            _logger.exception("console.view-defect", view=health.what)
        await asyncio.sleep(pause_s)
        pause_s = min(_PAUSE_S_MAX, 2 * pause_s)
