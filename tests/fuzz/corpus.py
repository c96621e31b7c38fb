"""The kept corpus: for each target one file, one input a line, in Base64.

What fuzzing found beyond the seeds (`tests.fuzz.seeds`, which are not repeated here), minimised:
each input reaches something that no other one does.
"""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("corpus")


def kept(target: str) -> list[bytes]:
    """The inputs of a target."""
    file = FOLDER / f"{target}.txt"
    if not file.exists():
        return []
    return [base64.b64decode(line) for line in file.read_text(encoding="ascii").splitlines()]


def keep(target: str, inputs: Iterable[bytes]) -> int:
    """Write a target's inputs, the shortest first; returns how many there are."""
    lines = sorted({base64.b64encode(each).decode() for each in inputs}, key=lambda x: (len(x), x))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{target}.txt").write_text("".join(f"{x}\n" for x in lines), encoding="ascii")
    return len(lines)
