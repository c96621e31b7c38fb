"""Several workers in one process, as one: they start, end and fail together.

Owns what becomes of the others when one of them ends. Each has its own group and its own lanes.
"""

import asyncio
from collections.abc import Sequence

from agents.supervise import Main


async def run_together(mains: Sequence[Main], stop: asyncio.Event) -> None:
    """Run all until `stop` is set; when one fails, end the others in good order and raise that.

    Raises:
        BiolatchError: what the first of them has raised.
    """
    stopping = asyncio.Event()
    running = [asyncio.ensure_future(main(stopping)) for main in mains]
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({stopped, *running}, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in running if task.done()]
        stopping.set()
        await asyncio.wait(running)
        for task in (*ended, *running):
            task.result()
    finally:
        stopped.cancel()
        for task in running:
            task.cancel()
