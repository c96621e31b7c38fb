"""aiokafka with nothing around it: `getmany` on all partitions from the start, and no work done."""

import asyncio
import sys
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.bench.baseline.counting import BaselineOrder, say_reading

_POLL_WAIT_MS = 500


def main(order_text: str) -> None:
    """Read every record once."""
    order = msgspec.json.decode(order_text, type=BaselineOrder)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_read(order))


async def _read(order: BaselineOrder) -> None:
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=order.bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(order.topic, each) for each in range(order.partitions)])
        records = 0
        say_reading(records)
        while records < order.records:
            polled = await consumer.getmany(timeout_ms=_POLL_WAIT_MS)
            records += sum(len(each) for each in polled.values())
            say_reading(records)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
