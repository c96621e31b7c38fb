"""Whether a process's event loop still turns: asked from another thread, it answers or not."""

import asyncio
import threading


class Pulse:
    """The pulse of one event loop, from the moment at which it is told which one."""

    def __init__(self) -> None:
        """Begin without a loop: a process that has not come so far is not dead."""
        self._loop: asyncio.AbstractEventLoop | None = None

    def take(self) -> None:
        """Ask the running loop from now on."""
        self._loop = asyncio.get_running_loop()

    def trouble(self, within_s: float) -> list[str]:
        """What is wrong with the loop; nothing when it answers within that time."""
        if self._loop is None:
            return []
        answered = threading.Event()
        try:
            self._loop.call_soon_threadsafe(answered.set)
        except RuntimeError:
            return ["the event loop has ended"]
        if answered.wait(within_s):
            return []
        return [f"the event loop has not turned for {within_s:g} s"]
