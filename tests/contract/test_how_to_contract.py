"""Every command of docs/how-to/contract.md, run."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.export import json_schemas

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "contract.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
LINES = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
MAKE = {
    "make contract": "test_contract_page and test_official_parser do what it does",
    "make release-contract": "test_released_contracts: once for each version",
}
"""Not run here, and why; that make knows them is."""


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", ""}
    assert [line for line in LINES if not line.startswith(("biolatch ", *MAKE))] == []


def test_every_command_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    biolatch = shutil.which("biolatch", path=str(Path(sys.executable).parent))
    assert biolatch is not None
    printed = ""
    for line in LINES:
        if line in MAKE:
            continue
        command, _, file = line.partition(" > ")
        done = subprocess.run(  # noqa: S603 - our own page
            [biolatch, *shlex.split(command)[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        if file:
            (tmp_path / file).write_text(done.stdout, encoding="utf-8")
        printed = done.stdout
    assert {file.stem for file in (tmp_path / "contracts").iterdir()} == set(json_schemas())
    committed = ROOT / "docs" / "reference" / "asyncapi.json"
    assert (tmp_path / "asyncapi.json").read_bytes() == committed.read_bytes()
    assert [text for language, text in BLOCKS if not language] == [printed]


@pytest.mark.parametrize("line", MAKE)
def test_make_knows_the_command(line: str) -> None:
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(  # noqa: S603 - our own page
        [make, "--dry-run", *shlex.split(line)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "deploy." in done.stdout
