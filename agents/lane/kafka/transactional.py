"""What every transactional producer of aiokafka needs beside what it does by itself.

aiokafka retries transactional requests after a lost connection or a timeout. The request that was
lost may still arrive, late, and end a later transaction of the same producer epoch: the transaction
protocol that aiokafka speaks (before KIP-890) cannot tell the two apart. So one such retry makes a
producer doubtful, and it ends with that transaction.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# ruff: noqa: ANN401, SLF001 - there is no public way

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)

_TRANSACTIONAL_REQUESTS = (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)


def watch_for_doubt(producer: Any, on_doubt: Callable[[], None]) -> None:
    """Call `on_doubt` when a transactional request of a started producer fails and may be retried.

    See the module's text.
    """
    send = producer.client.send

    async def watched_send(node_id: int, request: Any, **options: Any) -> Any:
        try:
            return await send(node_id, request, **options)
        except KafkaError:
            if isinstance(request, _TRANSACTIONAL_REQUESTS):
                on_doubt()
            raise

    producer.client.send = watched_send


def retrieve(future: Any) -> Any:
    """Mark the future's error as seen, whoever awaits it or not; return the future."""

    def see(done: Any) -> None:
        if not done.cancelled():
            done.exception()

    future.add_done_callback(see)
    return future


async def begin_transaction(producer: Any) -> None:
    """Begin one, and let nobody be told that its end was never looked at."""
    await producer.begin_transaction()
    retrieve(producer._txn_manager.wait_for_transaction_end())


async def tear_down(producer: Any) -> None:
    """End a producer whose broker may be gone: aiokafka's own way would wait for it for ever.

    What it still holds is dropped without an error: nobody waits for it any more.
    """
    producer._closed = True
    with suppress(Exception):
        await producer.client.close()
    sender_task: asyncio.Task[None] | None = producer._sender.sender_task
    while sender_task is not None and not sender_task.done():
        # Cancelled once, it still awaits its requests, which retry; each further cancel ends one.
        sender_task.cancel()
        await asyncio.wait({sender_task}, timeout=0.05)
    # After two errors in a row it is another one than at the transaction's begin.
    if (transaction_end := producer._txn_manager.wait_for_transaction_end()) is not None:
        retrieve(transaction_end)
