"""One event loop in a thread of its own, for code that does not await."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from biolatch_client.errors import Closed

_Result = TypeVar("_Result")


class BackgroundLoop:
    """Runs coroutines for any number of threads; ended by `stop`, or with the process."""

    def __init__(self, name: str) -> None:
        """Start the thread."""
        self._pid: Final = os.getpid()
        self._loop: Final = asyncio.new_event_loop()
        self._thread: Final = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result_of(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Run it to its end and return what it returns, or raise what it raises.

        Coroutines that one thread hands over start in that order.

        Raises:
            Closed: the loop was stopped, or belongs to the process that this one was forked from.
        """
        try:
            self._require_usable()
        except BaseException:
            coroutine.close()
            raise
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # whoever is interrupted waits no longer
            raise

    def stop(self) -> None:
        """End the thread; what it still runs is cancelled. Nothing in a forked process."""
        if os.getpid() != self._pid or self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _require_usable(self) -> None:
        if os.getpid() != self._pid:
            raise Closed(
                "client.forked",
                "opened before this process was forked, and its thread stayed behind; open it in "
                "each worker process (gunicorn: in post_fork, or without --preload)",
            )
        if self._loop.is_closed() or not self._thread.is_alive():
            raise Closed("client.closed", "it is closed already")
        if threading.current_thread() is self._thread:
            raise Closed("client.own_thread", "its own thread would wait for itself")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._cancel_all()
            self._loop.close()

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks))
