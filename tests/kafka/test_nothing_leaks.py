"""No log line and no error names anybody: a full run, in sickness and in health, at level debug.

Whatever a person could be known by is told to the worker and to commands, where it belongs and
where it does not; then everything that they said is searched for it. Answers on standard output
are not: whoever asks for a device is told about it.
"""

import asyncio
import json
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.publisher_signatures import SIGNATURE_HEADER
from deploy.cli import run
from deploy.kafka.local import LocalKafka
from schemas.topics import DEVICE_EVENTS
from tests.faults.edges import CHANGELOG, Edges, edges
from tests.journeys.journey import SOURCE
from tests.kafka.commands.command_line import Program, Ran

USER, KEY, LOGIN = "leakuser4711", "leakkey4711", "leaklogin4711"
TOKEN, WORDS = "leaktoken4711", "leakwords4711"
TIME = "2026-01-31T08:00:00Z"


def forms(phones: list[str]) -> list[str]:
    """Everything that must not be said, as it is and as `repr` of bytes would show it in hex."""
    plain = [*phones, USER, KEY, LOGIN, TOKEN, WORDS]
    return [*plain, *(text.encode().hex() for text in plain)]


def headers(**changes: str | None) -> list[tuple[str, bytes]]:
    attributes: dict[str, str | None] = {
        "ce_specversion": "1.0",
        "ce_id": f"{TOKEN}-1",
        "ce_source": SOURCE,
        "ce_type": "biolatch.attempt.finished.v1",
        "ce_time": TIME,
        "content-type": "application/json",
        **changes,
    }
    return [(name, text.encode()) for name, text in attributes.items() if text is not None]


ATTEMPT: dict[str, object] = {
    "user_id": USER,
    "login_id": LOGIN,
    "place": "sign_in",
    "outcome": "matched",
    "key_id": KEY,
    "bio_epoch": 1,
    "seq": 1,
    "platform_code": WORDS,
    "device_signature": TOKEN,
    "challenge": TOKEN,
}

BROKEN_DATA: list[object] = [
    {**ATTEMPT, "place": USER},
    {**ATTEMPT, "outcome": [USER]},
    {**ATTEMPT, "bio_epoch": TOKEN},
    {**ATTEMPT, "seq": -1, "user_id": {USER: KEY}},
    {**ATTEMPT, "user_id": f"{USER}\u0000"},
    {"user_id": USER},
    [USER],
    USER,
]


def broken_records(device: str) -> list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]:
    """Records that carry ids where none belong, so that a message could repeat them."""
    key = device.encode()
    good = json.dumps(ATTEMPT).encode()
    found: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = [
        (key, json.dumps(data).encode(), headers(ce_subject=device)) for data in BROKEN_DATA
    ]
    changes: list[dict[str, str | None]] = [
        {"ce_specversion": TOKEN},
        {"ce_type": USER},
        {"ce_time": USER},
        {"ce_source": f"\u0000{USER}"},
        {"ce_id": None},
        {"ce_subject": USER},
        {"content-type": TOKEN},
        {SIGNATURE_HEADER: f"{TOKEN}..{TOKEN}"},
        {SIGNATURE_HEADER: TOKEN},
    ]
    found += [(key, good, headers(**{"ce_subject": device, **change})) for change in changes]
    found += [
        (None, good, headers()),
        (key, None, headers(ce_subject=device)),
        (b"\x01" + key, good, headers()),
        (key, b"{" + good, headers(ce_subject=device)),
        (key, b"\xff" + good, headers(ce_subject=device)),
        (key, good[:-1] + b',"user_id":"' + USER.encode() + b'"}', headers(ce_subject=device)),
        (key, good, [*headers(ce_subject=device), ("ce_id", TOKEN.encode())]),
    ]
    return found


async def command(servers: str, *arguments: str, stdin: str = "") -> Ran:
    with Program(servers, "--verbose", *arguments) as program:
        if stdin:
            program.write(stdin)
        return await asyncio.to_thread(program.end)


@pytest.fixture
async def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures are looked at, erasure marks are keyed, and the log is as loud as it can be."""
    erasure, publishers = tmp_path / "erasure.json", tmp_path / "publishers.json"
    assert run(["erasure-key", "generate", str(erasure)]) == 0
    secret = ["--keys-file", str(publishers), "--private-key", str(tmp_path / "private.json")]
    assert run(["keys", "generate", "test", *secret]) == 0
    monkeypatch.setenv("BIOLATCH_LOG__LEVEL", "debug")
    monkeypatch.setenv("BIOLATCH_ERASURE__MARK_KEYS_FILE", str(erasure))
    monkeypatch.setenv("BIOLATCH_SIGNATURES__MODE", "accept")
    monkeypatch.setenv("BIOLATCH_SIGNATURES__KEYS_FILE", str(publishers))


@pytest.mark.long
@pytest.mark.usefixtures("keyed")
async def test_no_log_line_and_no_error_names_anybody(
    fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    secrets = [
        member["k"] for member in json.loads((tmp_path / "erasure.json").read_text())["keys"]
    ]
    async with edges(fresh_kafka, tmp_path) as staged:
        phone, broken = staged.phone(0), staged.phone(1)
        for each in (phone, broken):
            each.enable(USER, KEY)
            each.attempt(USER, KEY, "rejected", LOGIN)
            await staged.publish(each)
        async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
            for key, value, given in broken_records(phone.device):
                await producer.send_and_wait(
                    DEVICE_EVENTS, value, key=key, headers=given, partition=0
                )
        await staged.decided()
        await _fence(staged)
        await staged.said("lane.reopening")
        ran = await _commands(staged.servers, phone.device)
        ran += await _parked(staged, broken)
        said = staged.worker.log.read_text() + "".join(each.err for each in ran)
    assert "lane.parked" in said
    assert "row.unreadable" in said or "InvariantBroken" in said
    ids = [*forms([phone.device, broken.device]), *secrets]
    assert [each for each in ids if each in said] == []


async def _fence(staged: Edges) -> None:
    """Somebody else takes a lane's transactional id; its next transaction is refused."""
    async with AIOKafkaProducer(
        bootstrap_servers=staged.servers, transactional_id=f"biolatch-{DEVICE_EVENTS}-0"
    ):
        phone = staged.phone(0)
        phone.enable(USER, KEY)
        await staged.publish(phone)


async def _commands(servers: str, device: str) -> list[Ran]:
    line = {
        "specversion": "1.0",
        "id": TOKEN,
        "source": SOURCE,
        "type": "biolatch.attempt.finished.v1",
        "subject": device,
        "time": TIME,
    }
    bad = [
        json.dumps({**line, "data": {**ATTEMPT, "place": USER}}),
        json.dumps({**line, "time": USER, "data": ATTEMPT}),
        json.dumps({**line, "id": [TOKEN], "data": ATTEMPT}),
        f'{{"specversion": {USER}',
        json.dumps({**line, "data": {**ATTEMPT, "seq": TOKEN}}),
    ]
    ran = [
        await command(servers, *arguments)
        for arguments in (
            ("state", device),
            ("explain", device),
            ("erasure-report", device, "--user", USER),
            ("dead-letters", "list"),
            ("tail", "dead-letters", "--json"),
            ("lag",),
            ("skip", "0", "0"),
        )
    ]
    published = await command(servers, "publish", "-", stdin="\n".join(bad) + "\n")
    assert published.err.count("refused[") == len(bad)
    assert any(device in each.out for each in ran)  # what is searched for was told
    return [*ran, published]


async def _parked(staged: Edges, broken: object) -> list[Ran]:
    """A row that cannot be read stops its partition; an operator skips the record."""
    device = str(broken.device)  # type: ignore[attr-defined]
    async with AIOKafkaProducer(bootstrap_servers=staged.servers) as producer:
        await producer.send_and_wait(
            CHANGELOG, b"\x01\x97" + USER.encode(), key=device.encode(), partition=1
        )
    await staged.restart()
    broken.attempt(USER, KEY, "matched", LOGIN)  # type: ignore[attr-defined]
    [stopping] = await staged.publish(broken)  # type: ignore[arg-type]
    await staged.said("lane.parked")
    return [await command(staged.servers, "skip", "1", str(stopping))]
