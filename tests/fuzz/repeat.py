"""`python -m tests.fuzz.repeat TARGET FILE...`: run a target on files, with nothing in between.

Needs no fuzzer. What fails comes out as its own exception.
"""

import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS


def main(target: str, *files: str) -> None:
    """Run."""
    for file in files:
        TARGETS[target].run(Path(file).read_bytes())
        sys.stdout.write(f"{target}: {file} is no finding\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
