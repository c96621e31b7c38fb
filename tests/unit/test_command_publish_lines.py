# Goal: every line of a stream of any length is accounted for, whatever it is and however it comes.
import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli import run
from deploy.exit_codes import ExitCode
from deploy.publishing.account import Account
from deploy.publishing.lines import LINE_BYTES_MAX, Line, LineSplitter
from deploy.publishing.publish_lines import Watcher, publish_lines
from deploy.records.publisher import Acknowledged, KeyedRecord, Waiting
from events.errors import MalformedInput, TransientFailure


def event_line(number: int, device: str = "phone-1", **changes: object) -> bytes:
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "/backend",
        "type": "biolatch.enrollment.declined.v1",
        "subject": device,
        "time": "2026-01-31T23:59:59.999Z",
        "data": {"user_id": "user-1", "channel": "settings"},
    }
    return json.dumps(event | changes).encode()


class Shelf:
    """Acknowledges what it is given, until it is told to fail."""

    def __init__(self, *, acknowledges: int | None = None) -> None:
        self.records: list[KeyedRecord] = []
        self.left = acknowledges

    async def publish(
        self,
        records: Sequence[KeyedRecord],
        *,
        wait_s_max: float,  # noqa: ARG002 (the shelf never waits)
        on_acknowledged: Acknowledged,
        on_waiting: Waiting,  # noqa: ARG002 (as above)
    ) -> None:
        await asyncio.sleep(0)
        for place, record in enumerate(records):
            if self.left is not None:
                if not self.left:
                    raise TransientFailure("kafka.unreachable", "gone")
                self.left -= 1
            self.records.append(record)
            on_acknowledged([place])


async def in_pieces(stream: bytes, sizes: Iterable[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        piece, stream = stream[:size], stream[size:]
        if piece:
            yield piece
    if stream:
        yield stream


class Told:
    """What a watcher is told."""

    def __init__(self) -> None:
        self.refused: list[tuple[int, str]] = []
        self.bytes_read = 0

    def watcher(self) -> Watcher:
        def refuse(line: int, error: MalformedInput) -> None:
            self.refused.append((line, error.code))

        def read(size: int) -> None:
            self.bytes_read += size

        return Watcher(refuse, read, lambda _: None)


@given(
    texts=st.lists(st.binary(max_size=9).filter(lambda text: b"\n" not in text), max_size=9),
    sizes=st.lists(st.integers(1, 7), max_size=40),
    ends_its_last_line=st.booleans(),
)
def test_lines_do_not_depend_on_the_pieces_they_come_in(
    texts: list[bytes], sizes: list[int], *, ends_its_last_line: bool
) -> None:
    stream = b"\n".join(texts) + (b"\n" if ends_its_last_line else b"")
    splitter = LineSplitter()
    lines: list[Line] = []
    for size in [*sizes, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        lines += splitter.feed(piece)
    lines += splitter.end()
    expected = texts if ends_its_last_line or (texts and texts[-1]) else texts[:-1]
    if ends_its_last_line and not texts:
        expected = [b""]
    assert lines == [Line(number, text) for number, text in enumerate(expected, start=1)]


def test_an_over_long_line_is_never_held_and_the_next_one_is_whole() -> None:
    splitter = LineSplitter()
    lines = splitter.feed(b"first\n")
    for _ in range(50):
        lines += splitter.feed(b"x" * LINE_BYTES_MAX)
        assert len(splitter._rest) <= LINE_BYTES_MAX  # noqa: SLF001 (what it holds is the point)
    lines += splitter.feed(b"x\nnext\n")
    lines += splitter.feed(b"y" * (LINE_BYTES_MAX + 1) + b"\n" + b"z" * LINE_BYTES_MAX)
    lines += splitter.end()
    assert lines == [
        Line(1, b"first"),
        Line(2, None),
        Line(3, b"next"),
        Line(4, None),
        Line(5, b"z" * LINE_BYTES_MAX),
    ]


async def test_bad_lines_are_named_and_the_others_stored_in_their_order() -> None:
    stream = b"\n".join(
        [
            b"\xef\xbb\xbf" + event_line(1),
            b"  \t\r",
            event_line(3).replace(b"user_id", b"user"),
            b"",
            b"{" + b" " * LINE_BYTES_MAX + b"}",
            event_line(6) + b"\r",
            b'"\xff"',
            event_line(8),
        ]
    )
    shelf, account, told = Shelf(), Account(), Told()
    await publish_lines(
        in_pieces(stream, [100] * 9), shelf, account, told.watcher(), wait_s_max=1.0
    )
    assert told.refused == [
        (3, "data.field_missing"),
        (5, "record.value_too_large"),
        (7, "data.not_utf8"),
    ]
    assert [dict(record.headers)["ce_id"] for record in shelf.records] == [
        b"event-1",
        b"event-6",
        b"event-8",
    ]
    assert (account.published, account.refused.total(), account.next_line) == (3, 3, 9)
    assert told.bytes_read == len(stream)


async def test_it_can_go_on_from_a_line() -> None:
    stream = b"\n".join([b"not read", event_line(2), event_line(3)])
    shelf, account, told = Shelf(), Account(), Told()
    await publish_lines(
        in_pieces(stream, []), shelf, account, told.watcher(), first_line=3, wait_s_max=1.0
    )
    assert told.refused == []
    assert [dict(record.headers)["ce_id"] for record in shelf.records] == [b"event-3"]


@pytest.mark.parametrize("acknowledged", [0, 1, 99, 100, 101, 3_999])
async def test_after_a_failure_the_account_says_where_to_go_on(acknowledged: int) -> None:
    count = 5_000
    stream = b"\n".join(event_line(number) for number in range(1, count + 1))
    first, account = Shelf(acknowledges=acknowledged), Account()
    pieces = in_pieces(stream, [10_000] * 500)
    with pytest.raises(TransientFailure, match="gone"):
        await publish_lines(pieces, first, account, Told().watcher(), wait_s_max=1.0)
    assert (account.published, account.next_line) == (acknowledged, acknowledged + 1)

    second = Shelf()
    await publish_lines(
        in_pieces(stream, [10_000] * 500),
        second,
        Account(),
        Told().watcher(),
        first_line=account.next_line,
        wait_s_max=1.0,
    )
    stored = [dict(record.headers)["ce_id"] for record in first.records + second.records]
    assert stored == [f"event-{number}".encode() for number in range(1, count + 1)]


async def test_a_gap_among_the_acknowledged_is_where_to_go_on() -> None:
    account = Account()
    for line in range(1, 6):
        account.take(line)
    account.acknowledge([1, 2, 5])
    assert (account.published, account.next_line) == (3, 3)
    account.acknowledge([4, 3])
    assert account.next_line == 6


async def test_a_stream_that_cannot_be_read_keeps_its_account() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield event_line(1) + b"\n"
        await asyncio.sleep(0)
        raise OSError("gone")

    shelf, account = Shelf(), Account()
    with pytest.raises(OSError, match="gone"):
        await publish_lines(breaking(), shelf, account, Told().watcher(), wait_s_max=1.0)
    assert account.next_line - 1 == account.published == len(shelf.records)


def test_a_dry_run_checks_and_publishes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # No broker is needed, nor asked for.
    file = tmp_path / "events.jsonl"
    file.write_bytes(event_line(1) + b"\n{}\n")
    assert run(["publish", "--dry-run", str(file)]) == ExitCode.FAILED
    said = capsys.readouterr()
    assert said.out.startswith("1 event found good, nothing published, 1 line refused")
    assert said.err == "line 2: refused[envelope.attribute_missing]: specversion is missing\n"

    assert run(["publish", "--dry-run", "--json", "--from-line", "2", str(file)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["published"], report["refused"], report["next_line"]) == (0, 1, 3)
    assert report["refused_by_code"] == {"envelope.attribute_missing": 1}


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_said_so(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["publish", "--dry-run", str(tmp_path / name)]) == ExitCode.MISCONFIGURED
    said = capsys.readouterr()
    assert said.err.startswith("error[publish.unreadable]: ")
    assert said.out == ""
