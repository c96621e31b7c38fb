"""The broker's disk is full: nothing can be written, and then it can again.

Kafka gives up at the first write that fails, and somebody starts it again when there is space.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from tests.faults.campaign import Campaign, campaign, campaign_kafka
from tests.faults.campaign_size import COUNTS

_DISK_MIB = 256
_FULL_S_MAX = 60.0
_LOOK_S = 0.05
_CHUNK = bytes(64 * 1024)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603 - our own command line, no shell
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "biolatch-test", str(folder)],  # noqa: S607 - the system's
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 - as above


@pytest.mark.long
@pytest.mark.timeout(COUNTS.run_s_max)
async def test_a_full_disk_loses_nothing(disk: Path) -> None:
    async with campaign("disk-full", kafka=partial(_kafka_on, disk)) as running:
        for _ in range(COUNTS.disk_fills):
            await running.calm(2, 4)
            await _fill_until_the_broker_gives_up(running, disk)
            await running.calm(0, 2)
            (disk / "ballast").unlink()
            await running.kafka.start()
            running.faults["disk full"] += 1
        await running.calm(2, 4)


def _kafka_on(disk: Path, data: Path) -> LocalKafka:
    """A broker whose records lie on that disk; its log and its configuration do not."""
    kafka = campaign_kafka(data)
    data.mkdir()
    kafka.folder.records.symlink_to(disk)
    return kafka


async def _fill_until_the_broker_gives_up(running: Campaign, disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        async with asyncio.timeout(_FULL_S_MAX):
            while running.kafka.process is not None:
                _fill(ballast.fileno())
                await asyncio.sleep(_LOOK_S)


def _fill(file: int) -> None:
    try:
        while True:
            os.write(file, _CHUNK)
    except OSError:
        return  # no space left, which is the point
