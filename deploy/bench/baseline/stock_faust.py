"""Faust as it comes: one agent with its default settings, one table write per event.

What differs from the defaults has no part in an event: no web server, as many partitions as the
input has (a table needs that), and keys as text (the table's JSON takes no bytes).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Faust leaves much of its interface untyped.

import sys
import threading
import time
from typing import Any

import faust
import msgspec

from deploy.bench.baseline.counting import BaselineOrder, say_reading

_SAY_EVERY_S = 0.1


class _Count:
    """Events counted so far."""

    value = 0


def main(order_text: str) -> None:
    """Count events for ever."""
    order = msgspec.json.decode(order_text, type=BaselineOrder)
    app = faust.App(
        order.application,
        broker=f"kafka://{order.bootstrap_servers.replace(',', ';')}",
        topic_partitions=order.partitions,
        web_enabled=False,
    )
    topic = app.topic(order.topic, partitions=order.partitions, key_type=str)
    table: Any = app.Table("counts", default=int)
    count = _Count()

    @app.agent(topic)
    async def count_events(stream: Any) -> None:  # noqa: ANN401 (Faust's, untyped)
        async for device_id, _ in stream.items():  # noqa: PERF102 (a stream, not a dict)
            table[device_id] += 1
            count.value += 1

    threading.Thread(target=_say, args=(count,), daemon=True).start()
    # Standard output is for readings alone.
    worker = faust.Worker(
        app, loglevel="ERROR", quiet=True, stdout=sys.stderr, redirect_stdouts=False
    )
    worker.execute_from_commandline()


def _say(count: _Count) -> None:
    while True:
        time.sleep(_SAY_EVERY_S)
        say_reading(count.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
