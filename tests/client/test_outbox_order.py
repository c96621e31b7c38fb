"""The order of a device's events, with several transactions and relays at once, on PostgreSQL."""

import asyncio
import random
import threading

from sqlalchemy import Engine, create_engine, text

from biolatch_client import Envelope
from biolatch_client.outbox import OutboxRelay
from biolatch_client.records import EventRecord
from tests.client.outbox_rig import (
    EVENT,
    METADATA,
    OUTBOX,
    Remembering,
    relay_all,
    until,
    waiting_in,
)


def empty(address: str) -> Engine:
    """A database with an empty outbox."""
    engine = create_engine(address)
    METADATA.drop_all(engine)
    METADATA.create_all(engine)
    return engine


async def test_transactions_of_one_device_are_sent_in_the_order_of_their_commits(
    postgres: str,
) -> None:
    engine = empty(postgres)
    committed: list[str] = []
    keeping = threading.Lock()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(20):
            with engine.connect() as transaction:
                event_id = f"{seed}-{number}"
                OUTBOX.write(transaction, "phone-1", EVENT, envelope=Envelope(event_id=event_id))
                transaction.execute(text("select pg_sleep(:s)"), {"s": chance.random() / 500})
                with keeping:
                    transaction.commit()
                    committed.append(event_id)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    remembering = Remembering()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        await relay_all(engine, remembering)
        await asyncio.sleep(0.005)
    await relay_all(engine, remembering)
    engine.dispose()
    assert [each.event_id for each in remembering.records] == committed


async def test_relays_side_by_side_keep_the_order_of_each_device(postgres: str) -> None:
    engine = empty(postgres)
    expected: dict[bytes, list[str]] = {}
    with engine.begin() as transaction:
        for number in range(200):
            device = f"phone-{number % 9}"
            expected.setdefault(device.encode(), []).append(str(number))
            envelope = Envelope(event_id=str(number))
            OUTBOX.write(transaction, device, EVENT, envelope=envelope)

    chance = random.Random(1)

    class Slow(Remembering):
        async def publish_record(self, record: EventRecord) -> None:
            await asyncio.sleep(chance.random() / 1000)
            await super().publish_record(record)

    slow = Slow()
    relays = [OutboxRelay(engine, OUTBOX, slow, devices_max=3, poll_s=0.01) for _ in range(4)]
    running = [asyncio.create_task(relay.run()) for relay in relays]
    await until(lambda: waiting_in(engine) == 0)
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    engine.dispose()
    found: dict[bytes, list[str]] = {}
    for each in slow.records:
        found.setdefault(each.key, []).append(each.event_id)
    assert found == expected
