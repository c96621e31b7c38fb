"""The keys of the security feed: made, rotated, asked, and never readable by others."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from agents.feed_keys import read_feed_keys
from agents.settings import load_settings
from agents.together import run_together
from deploy.analytics.lanes import lanes
from deploy.cli import run
from deploy.workers.analytics import required_keys, work
from events.errors import Misconfigured, TransientFailure
from schemas.ocsf.masking import IdKind
from schemas.topics import topology


@pytest.fixture
def file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "keys.json"
    assert run(("feed-key", "generate", str(path))) == 0
    assert read_feed_keys(path).key_ids[0] in capsys.readouterr().out
    return path


def test_a_new_file_is_its_owner_s_and_is_not_overwritten(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert run(("feed-key", "generate", str(file))) == 3
    assert file.read_bytes() == before


def test_a_rotation_has_three_steps_and_a_device_is_known_through_all_of_them(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [old] = read_feed_keys(file).key_ids
    before = read_feed_keys(file)(IdKind.DEVICE, "phone-1")
    assert run(("feed-key", "promote", str(file))) == 3  # nothing to promote
    assert run(("feed-key", "add", str(file))) == 0
    during = read_feed_keys(file)(IdKind.DEVICE, "phone-1")
    assert during.uid == before.uid
    assert run(("feed-key", "add", str(file))) == 3  # one rotation at a time
    assert run(("feed-key", "promote", str(file))) == 0
    after = read_feed_keys(file)(IdKind.DEVICE, "phone-1")
    assert after == during[::-1]
    assert run(("feed-key", "retire", str(file))) == 0
    assert read_feed_keys(file)(IdKind.DEVICE, "phone-1") == (after.uid, None)
    assert run(("feed-key", "check", str(file))) == 0
    said = capsys.readouterr()
    assert f"key {old} masks, beside it" in said.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_mask_of_an_id_is_shown_under_every_key(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(("feed-key", "add", str(file))) == 0
    capsys.readouterr()
    assert run(("feed-key", "mask", str(file), "--device", "phone-1", "--user", "ana")) == 0
    lines = capsys.readouterr().out.splitlines()
    keys = read_feed_keys(file)
    assert [line.split()[-1] for line in lines[1:]] == [
        *keys.masks(IdKind.DEVICE, "phone-1"),
        *keys.masks(IdKind.USER, "ana"),
    ]
    assert run(("feed-key", "mask", str(file), "--login", "l-1", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"login": list(keys.masks(IdKind.LOGIN, "l-1"))}
    assert run(("feed-key", "mask", str(file))) == 2


def test_a_file_that_others_can_read_is_not_used(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600") as refused:
        read_feed_keys(file)
    assert refused.value.code == "analytics.keys-file"


def test_without_keys_nothing_goes_into_the_feed() -> None:
    with pytest.raises(Misconfigured, match="biolatch feed-key generate") as refused:
        required_keys(load_settings())
    assert refused.value.code == "analytics.no-keys"
    with pytest.raises(Misconfigured):
        work(compiled=False)


def test_the_feed_is_made_of_everything_that_says_what_happened() -> None:
    topics = topology("bank")
    assert [lane.input for lane in lanes(topics)] == [
        topics.verdicts,
        topics.decisions,
        topics.dead_letters,
    ]
    assert tuple(lane.changelog for lane in lanes(topics)) == topics.analytics_changelogs


async def test_when_one_of_several_fails_the_others_end_in_good_order() -> None:
    ended: list[str] = []

    async def serves(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("in good order")

    async def fails(_stop: asyncio.Event) -> None:
        raise TransientFailure("kafka.unreachable", "no broker")

    with pytest.raises(TransientFailure):
        await run_together([serves, fails, serves], asyncio.Event())
    assert ended == ["in good order"] * 2


async def test_a_stop_ends_all_of_them() -> None:
    stop, ended = asyncio.Event(), []

    async def serves(stopping: asyncio.Event) -> None:
        await stopping.wait()
        ended.append(None)

    running = asyncio.ensure_future(run_together([serves, serves], stop))
    await asyncio.sleep(0)
    stop.set()
    await running
    assert len(ended) == 2
