# Goal: `biolatch bench-failover` measures every mishap, says all of it, and leaves nothing behind.
# What it measures here says nothing: no figure is compared with a time.
import asyncio
import json
import os
import sysconfig
from pathlib import Path

import pytest

ROWS, RECOVERY_ROWS = 500, 1000
WAIT_S = 150.0

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@pytest.mark.timeout(WAIT_S + 10)
async def test_every_mishap_is_measured(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(Path(sysconfig.get_path("scripts")) / "biolatch"),
        "bench-failover",
        *("--json", "--partitions", "2"),
        *("--rows", str(ROWS), "--recovery-rows", str(RECOVERY_ROWS)),
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WAIT_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0, errors.decode()
    report = json.loads(output)
    assert report["recovery"]["rows"] == RECOVERY_ROWS
    assert report["recovery"]["rows_per_s"] > 0
    assert 100 < report["recovery"]["row_bytes"] < 1000
    assert report["recovery"]["changelog_records"] >= RECOVERY_ROWS
    assert report["from_store"]["changelog_records"] == 0
    assert [pause["what"] for pause in report["pauses"]] == [
        "kill -9",
        "a worker joins",
        "SIGTERM",
        "kill -9 and restart, static",
    ]
    # Whoever keeps a partition has not read its rows again.
    assert [pause["reopened"] for pause in report["pauses"]] == [0, 0, 0, 0]
    assert all(pause["moved_s"] > 0 and pause["others_s"] > 0 for pause in report["pauses"])
    assert os.listdir(tmp_path) == []  # noqa: PTH208 (Path cannot, in a coroutine)
