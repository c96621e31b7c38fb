"""From a stream of lines to acknowledged records: checking and sending side by side.

While one load of records is on its way to Kafka, the next lines are read and checked. A load is
sent only when the one before it is acknowledged as a whole, so a device's events are stored in the
order of their lines, and a failure leaves a gap in no device.
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol

from deploy.publishing.account import Account
from deploy.publishing.lines import LINE_BYTES_MAX, Line, LineSplitter
from deploy.records.publisher import Acknowledged, KeyedRecord, Waiting
from events.errors import MalformedInput
from schemas.malformed import MalformedCode, malformed
from schemas.publishing import read_line

_LINES_AT_ONCE: Final = 100
"""Checked without a pause for the network: some 3 ms."""
_LOADS_AHEAD: Final = 40
"""Loads that wait for the one before them; they are then sent as one."""
_LOAD_RECORDS_MAX: Final = _LOADS_AHEAD * _LINES_AT_ONCE
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Publisher(Protocol):
    """What is needed of `deploy.records.publisher.RecordPublisher`."""

    async def publish(
        self,
        records: Sequence[KeyedRecord],
        *,
        wait_s_max: float,
        on_acknowledged: Acknowledged,
        on_waiting: Waiting,
    ) -> None:
        """Write records and return when all are acknowledged."""
        ...


class DryRun:
    """A publisher for those who only want their lines checked."""

    async def publish(
        self,
        records: Sequence[KeyedRecord],
        *,
        wait_s_max: float,  # noqa: ARG002 (it never waits)
        on_acknowledged: Acknowledged,
        on_waiting: Waiting,  # noqa: ARG002 (as above)
    ) -> None:
        """Publish nothing."""
        on_acknowledged(range(len(records)))


class Watcher(NamedTuple):
    """Who is told while lines are published.

    Attributes:
        on_refused: told the line, and what is wrong with it.
        on_read: told how many bytes more have been read.
        on_waiting: told for how many seconds Kafka has not acknowledged anything.
    """

    on_refused: Callable[[int, MalformedInput], None]
    on_read: Callable[[int], None]
    on_waiting: Waiting


class _Load(NamedTuple):
    """Records ready to be sent, and their lines."""

    lines: list[int]
    records: list[KeyedRecord]


async def publish_lines(
    pieces: AsyncIterable[bytes],
    publisher: Publisher,
    account: Account,
    watcher: Watcher,
    *,
    first_line: int = 1,
    wait_s_max: float,
) -> None:
    """Publish every line of the stream from `first_line` on that is an event.

    The account is kept also when this ends with an error.

    Raises:
        TransientFailure: nothing was acknowledged for `wait_s_max`.
        Misconfigured: Kafka refuses a record.
        OSError: the stream cannot be read.
    """
    checked: asyncio.Queue[_Load | None] = asyncio.Queue(_LOADS_AHEAD)
    checking = asyncio.create_task(_check(pieces, checked, account, watcher, first_line))
    sending = asyncio.create_task(_send(checked, publisher, account, watcher, wait_s_max))
    try:
        await asyncio.wait([checking, sending], return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in (checking, sending):
            task.cancel()
        await asyncio.wait([checking, sending])
    for task in (sending, checking):
        if not task.cancelled():
            task.result()


async def _check(
    pieces: AsyncIterable[bytes],
    checked: asyncio.Queue[_Load | None],
    account: Account,
    watcher: Watcher,
    first_line: int,
) -> None:
    splitter = LineSplitter()
    async for piece in pieces:
        watcher.on_read(len(piece))
        await _check_lines(splitter.feed(piece), checked, account, watcher, first_line)
    await _check_lines(splitter.end(), checked, account, watcher, first_line)
    await checked.put(None)


async def _check_lines(
    lines: Sequence[Line],
    checked: asyncio.Queue[_Load | None],
    account: Account,
    watcher: Watcher,
    first_line: int,
) -> None:
    for start in range(0, len(lines), _LINES_AT_ONCE):
        load = _Load([], [])
        for line in lines[start : start + _LINES_AT_ONCE]:
            if line.number < first_line or line.is_blank:
                account.read(line.number)
                continue
            try:
                record = _record(line)
            except MalformedInput as error:
                account.refuse(line.number, error.code)
                watcher.on_refused(line.number, error)
                continue
            account.take(line.number)
            load.lines.append(line.number)
            load.records.append(record)
        if load.records:
            await checked.put(load)
        await asyncio.sleep(0)


def _record(line: Line) -> KeyedRecord:
    if line.text is None:
        raise malformed(
            MalformedCode.VALUE_TOO_LARGE, f"the line is longer than {LINE_BYTES_MAX} bytes"
        )
    # Editors on Windows put a mark in front of a file; JSON itself knows none.
    text = line.text.removeprefix(_BYTE_ORDER_MARK) if line.number == 1 else line.text
    event = read_line(text)
    return KeyedRecord(event.key, event.value, event.headers)


async def _send(
    checked: asyncio.Queue[_Load | None],
    publisher: Publisher,
    account: Account,
    watcher: Watcher,
    wait_s_max: float,
) -> None:
    while (load := await checked.get()) is not None:
        is_last = False
        while len(load.records) < _LOAD_RECORDS_MAX and not checked.empty():
            more = checked.get_nowait()
            if more is None:
                is_last = True
                break
            load.lines.extend(more.lines)
            load.records.extend(more.records)
        await publisher.publish(
            load.records,
            wait_s_max=wait_s_max,
            on_acknowledged=partial(_acknowledge, account, load.lines),
            on_waiting=watcher.on_waiting,
        )
        if is_last:
            return


def _acknowledge(account: Account, lines: Sequence[int], places: Sequence[int]) -> None:
    account.acknowledge(lines[place] for place in places)
