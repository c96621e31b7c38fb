"""Reads the Dockerfile, and does what its build stage says without a container engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.deployment.chart import ROOT

DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
RUN_S_MAX = 600
_NOT_OURS = "apt-get "
"""Packages of the base image; this machine has its own."""


class Instruction(NamedTuple):
    """One line of the Dockerfile."""

    keyword: str
    argument: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, from its FROM on."""
    found: list[list[Instruction]] = []
    for line in DOCKERFILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        instruction = Instruction(*line.split(maxsplit=1))
        if instruction.keyword == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


class Build:
    """The build stage, with `/opt` and `/source` in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "opt" / "biolatch" / "bin" / "biolatch"

    def run(self) -> None:
        """Every COPY and RUN in order, but what is about the base image."""
        here = self.folder / "bin"
        here.mkdir()
        (here / "python").symlink_to(Path(sys.base_prefix) / "bin" / "python3.11")
        source = self.folder / "source"
        source.mkdir()
        for keyword, argument in stages()[0]:
            if keyword == "COPY":
                *files, into = argument.split()
                for file in files:
                    self._copy(file, source / into, as_folder=into.endswith("/"))
            elif keyword == "RUN" and not argument.startswith(_NOT_OURS):
                done = subprocess.run(  # noqa: S603 - our own Dockerfile
                    ["/bin/sh", "-ec", argument.replace("/opt/", f"{self.folder}/opt/")],
                    cwd=source,
                    env={**os.environ, "PATH": f"{here}:{os.environ['PATH']}"},
                    capture_output=True,
                    text=True,
                    timeout=RUN_S_MAX,
                    check=False,
                )
                assert done.returncode == 0, f"{argument}\n{done.stdout}\n{done.stderr}"

    @staticmethod
    def _copy(file: str, into: Path, *, as_folder: bool) -> None:
        if (ROOT / file).is_dir():
            without = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(ROOT / file, into, ignore=without)
        else:
            into.mkdir(exist_ok=True) if as_folder else None
            shutil.copy(ROOT / file, into)

    def files(self) -> set[tuple[str, int]]:
        """Every file of what goes into the image, with its size."""
        home = self.folder / "opt" / "biolatch"
        return {(str(each), each.lstat().st_size) for each in home.rglob("*") if each.is_file()}
