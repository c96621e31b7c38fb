"""The tutorial does what it says: every command is run, and every line that it shows is printed."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.sizing import LOCAL
from tests.journeys.commands import environment, running_worker

CHECKOUT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEFINITION = re.compile(r"^(?:export .*|\w+\(\) \{.*\})\n", re.MULTILINE)
BLOCK_WAIT_S = 100


class Block(NamedTuple):
    """One fenced block: `sh`, `sh worker` or `text`."""

    language: str
    terminal: str
    content: str


@pytest.mark.long
@pytest.mark.timeout(300)  # it is long, on a busy machine very long
def test_tutorial(tmp_path: Path) -> None:
    for shared in ("examples", ".venv"):
        (tmp_path / shared).symlink_to(CHECKOUT / shared)
    terminal = Terminal(tmp_path)
    terminal.run('export PATH="$PWD/.venv/bin:$PATH"\n')
    with ExitStack() as afterwards:
        afterwards.callback(terminal.run, "biolatch kafka stop")  # also where the test fails
        second_terminal = afterwards.enter_context(ExitStack())
        for block in _blocks():
            match block.language, block.terminal:
                case "sh", "worker":
                    assert block.content.strip() == "biolatch run"
                    second_terminal.enter_context(
                        running_worker(None, tmp_path, partitions=LOCAL.partitions)
                    )
                case "sh", _:
                    if "kafka stop" in block.content:
                        second_terminal.close()  # Ctrl-C there
                    terminal.run(block.content)
                case _:
                    shown = [_masked(line) for line in block.content.splitlines()]
                    printed = [_masked(line) for line in terminal.printed.splitlines()]
                    assert [line for line in shown if line not in printed] == [], terminal.printed
        assert terminal.blocks > 10
        assert not (tmp_path / ".biolatch").exists()


class Terminal:
    """Remembers from block to block what a shell would: functions and exported variables."""

    def __init__(self, folder: Path) -> None:
        self.printed = ""
        self.blocks = 0
        self._folder = folder
        self._remembered = ""

    def run(self, block: str) -> None:
        done = subprocess.run(  # noqa: S603 (our own tutorial)
            ["/bin/bash", "-eu", "-o", "pipefail", "-c", self._remembered + block],
            cwd=self._folder,
            env=environment(None),
            capture_output=True,
            text=True,
            timeout=BLOCK_WAIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        self.printed = done.stdout
        self.blocks += 1
        self._remembered += "".join(DEFINITION.findall(block))


def _blocks() -> Iterator[Block]:
    text = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    for match in FENCED.finditer(text):
        yield Block(match[1], match[2] or "", match[3])


def _masked(line: str) -> str:
    """The line without what differs from run to run: figures, and how long ago something was."""
    return re.sub(r"\d+(\.\d+)?", "0", re.sub(r" \(.* ago\)$", "", line)).strip()
