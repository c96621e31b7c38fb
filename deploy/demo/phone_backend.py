"""A backend of an app with phones, as its own program: it knows the wire contract and nothing else.

It imports no line of biolatch, so whatever it gets through proves the contract and not the code.
It is driven by lines of JSON on standard input, one event each,

    {"type": "biolatch.attempt.finished.v1", "device": "ana-iphone", "data": {...}}

which it publishes one by one as CloudEvents 1.0 in Kafka's binary mode, keyed by device. For each
it answers one line on standard output, once Kafka has acknowledged the record. The first line that
it writes says that it is connected; it ends at the end of its input.

Run as `python phone_backend.py BOOTSTRAP_SERVERS TOPIC`.
"""

# aiokafka has no type information.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportAny=false

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

SOURCE = "/phones/backend"


def record(event: dict[str, Any]) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of one event: the data as value, everything about it as headers."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    attributes = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "type": event["type"],
        "subject": event["device"],
        "time": now,
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    headers.append(("content-type", b"application/json"))
    return event["device"].encode(), json.dumps(event["data"]).encode(), headers


async def publish(producer: Any, topic: str, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 (aiokafka has no types)
    """Publish one event, wait for the acknowledgement, and say where the record lies."""
    key, value, headers = record(event)
    stored = await producer.send_and_wait(topic, value, key=key, headers=headers)
    return {
        "acknowledged_ns": time.monotonic_ns(),
        "id": dict(headers)["ce_id"].decode(),
        "partition": stored.partition,
        "offset": stored.offset,
    }


def answer(words: dict[str, Any]) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


async def main(bootstrap_servers: str, topic: str) -> None:
    """Publish what standard input says, in its order, until it ends."""
    # One device, one partition, always: aiokafka spreads keys as Java's clients do (murmur2).
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, acks="all", enable_idempotence=True
    )
    await producer.start()
    try:
        answer({"connected": bootstrap_servers})
        while line := await asyncio.to_thread(sys.stdin.readline):
            answer(await publish(producer, topic, json.loads(line)))
    finally:
        await producer.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
