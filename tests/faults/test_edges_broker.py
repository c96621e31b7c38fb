"""What a broker may do to a lane by its clocks and limits, on one broker, judged by the auditor.

The tests share the broker and its topics; everything that is on them is judged at each one's end.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.device_rows import decode_row
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import BrokerOptions, LocalKafka
from schemas.sizing import LOCAL
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, VERDICTS
from tests.faults.edges import CHANGELOG, Edges, edges, publish_with, until
from tests.journeys.topic_dump import dump
from tests.kafka.commands.phone import Phone

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

_IMPATIENT = {
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "100",
    "transactional.id.expiration.ms": "3000",
    "transaction.remove.expired.transaction.cleanup.interval.ms": "500",
    "producer.id.expiration.ms": "3000",
    "producer.id.expiration.check.interval.ms": "500",
    "log.cleaner.backoff.ms": "100",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edges]:
    folder = tmp_path_factory.mktemp("edges")
    options = BrokerOptions(properties=_IMPATIENT)
    async with (
        LocalKafka(folder / "kafka", options=options) as kafka,
        edges(kafka, folder) as staged,
    ):
        yield staged


@asynccontextmanager
async def open_transactions(servers: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Whether somebody has written verdicts and not committed them, each time it is called."""
    addresses = [TopicPartition(VERDICTS, number) for number in range(LOCAL.partitions)]
    async with (
        AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed") as stable,
        AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_uncommitted") as written,
    ):

        async def are_open() -> bool:
            # In this order, what is committed in between can only look like an open one.
            committed = await stable.end_offsets(addresses)
            return committed != await written.end_offsets(addresses)

        yield are_open


async def stun_in_a_transaction(
    staged: Edges, phone: Phone, are_open: Callable[[], Awaitable[bool]]
) -> None:
    """Stop the worker's process when it has written and not committed."""
    user = 0
    async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
        while True:
            # Stopped again and again it must get somewhere: each time it has decided something.
            await staged.decided()
            for _ in range(20):
                user += 1
                phone.event("enrollment.declined", user_id=f"user-{user % 9}", channel="settings")
            await publish_with(producer, phone)
            await asyncio.sleep(random.uniform(0, 0.03))  # anywhere in what follows
            staged.worker.signal(signal.SIGSTOP)
            if await are_open():
                return
            staged.worker.signal(signal.SIGCONT)


async def test_a_transaction_that_times_out_while_its_worker_is_stopped(staged: Edges) -> None:
    phone = staged.phone(0)
    async with open_transactions(staged.servers) as are_open:
        await stun_in_a_transaction(staged, phone, are_open)

        async def timed_out() -> bool:
            return not await are_open()

        await until(timed_out)
    staged.worker.signal(signal.SIGCONT)
    await staged.decided()
    assert staged.worker.said("lane.reopening") >= 1
    assert staged.worker.said("lane.parked") == 0
    assert await staged.differences() == []


async def test_a_transactional_id_that_has_expired_is_taken_up_again(staged: Edges) -> None:
    phone = staged.phone(0)
    phone.enable("ana", "key-1")
    await staged.publish(phone)
    await staged.decided()
    transactional_id = f"biolatch-{DEVICE_EVENTS}-0"

    async def expired() -> bool:
        # Kafka's own record of it: the last word on an id that is gone is a tombstone.
        told = await dump(
            staged.servers,
            ["__transaction_state"],
            partitions=1,
            isolation_level="read_uncommitted",
        )
        words = [each.value for each in told if transactional_id.encode() in (each.key or b"")]
        return words[-1:] == [None]

    await until(expired)
    for _ in range(3):
        phone.attempt("ana", "key-1", "rejected", "login-1")
    await staged.publish(phone)
    await staged.decided()
    assert staged.worker.said("lane.parked") == 0
    assert await staged.differences() == []


async def test_a_changelog_that_is_compacted_while_transactions_are_open_at_its_end(
    staged: Edges,
) -> None:
    async with KafkaAdmin(staged.servers) as admin:
        await admin.set_settings(
            (await admin.topics([CHANGELOG]))[CHANGELOG],
            {
                "segment.ms": "100",
                "min.cleanable.dirty.ratio": "0.001",
                "max.compaction.lag.ms": "100",
            },
        )
    phones = [staged.phone(0) for _ in range(3)]
    for _ in range(30):
        for phone in phones:
            phone.event("enrollment.declined", user_id="ana", channel="settings")
            await staged.publish(phone)
    await staged.decided()
    assert await staged.worker.end(signal.SIGTERM) == 0
    keys = {phone.device.encode() for phone in phones}
    async with AIOKafkaProducer(
        bootstrap_servers=staged.servers, transactional_id=f"biolatch-{DEVICE_EVENTS}-0"
    ) as dying:
        await write_rows(dying, phones)
        await dying.abort_transaction()

        async def compacted() -> bool:
            # 30 of each were written; what is in the last segment stays.
            return sum(each.key in keys for each in await staged.rows()) <= 2 * len(keys)

        await until(compacted)
        await write_rows(dying, phones)
        await staged.worker.start()
        await staged.worker.joined()
        for phone in phones:
            phone.event("enrollment.declined", user_id="ana", channel="settings")
            await staged.publish(phone)
        await staged.decided()
    assert await staged.differences() == []


async def write_rows(producer: AIOKafkaProducer, phones: list[Phone]) -> None:
    """Begin a transaction and write what must never be read."""
    await producer.begin_transaction()
    for phone in phones:
        await producer.send_and_wait(CHANGELOG, b"never", key=phone.device.encode(), partition=0)
    await producer.send_and_wait(CHANGELOG, b"never", key=b"\x00position", partition=0)


async def publish_raw(
    staged: Edges, *records: tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=staged.servers, max_request_size=1024 * 1024
    ) as producer:
        for key, value, headers in records:
            await producer.send_and_wait(
                DEVICE_EVENTS, value, key=key, headers=headers, partition=0
            )


async def test_dead_letters_at_their_limits_and_batches_beyond_a_producer_s(
    staged: Edges,
) -> None:
    kib = 1024
    await staged.worker.kill()
    await publish_raw(
        staged,
        (b"k", b"v" * 80 * kib, []),
        (b"k", b"v" * (80 * kib + 1), []),
        (b"k", b"v" * 1000 * kib, []),
        (b"k" * 64 * kib, b"v" * 80 * kib, [("h", b"x" * (64 * kib - 1))]),
        *[(b"k%d" % number, b"v" * 79 * kib, []) for number in range(60)],
    )
    await staged.worker.start()
    await staged.decided()
    assert staged.worker.said("lane.parked") == 0
    found = await dump(staged.servers, [DEAD_LETTERS], partitions=LOCAL.partitions)
    cut = [dict(each.headers).get("biolatch-truncated") for each in found]
    assert cut == [None, b"value", b"value", *[None] * 61]
    assert await staged.differences() == []


async def test_a_row_at_its_bound_is_read_back(staged: Edges) -> None:
    phone = staged.phone(0)
    users, keys, logins = (
        [f"{name}{number}".ljust(128, ".") for number in range(20)] for name in "ukl"
    )
    for user in users:
        phone.event("enrollment.declined", user_id=user, channel="settings")
    for user, key in zip(users, keys, strict=True):
        phone.enable(user, key)
    await staged.publish(phone)
    await staged.decided()
    *_, row = (each for each in await staged.rows() if each.key == phone.device.encode())
    assert len(decode_row(row.value or b"").users) == 16
    await staged.restart()
    for user, key, login in zip(users, keys, logins, strict=True):
        phone.attempt(user, key, "rejected", login)
    await staged.publish(phone)
    await staged.decided()
    assert await staged.differences() == []
