"""What a Java program's output says about its failure, without the stack traces."""

import re
from typing import Final

_STACK_FRAME: Final = re.compile(r"\s+at \S+\(.*\)$|\s+\.\.\. \d+ more$")
_FAILURE: Final = re.compile(r" (ERROR|FATAL) |Exception in thread|Error occurred during")
_LINES_MAX: Final = 8


def telling_lines(output: str) -> str:
    """The first failure and what follows it; where no line tells of one, the last lines."""
    lines = [line for line in output.splitlines() if not _STACK_FRAME.match(line)]
    for at, line in enumerate(lines):
        if _FAILURE.search(line):
            return "\n".join(lines[at : at + _LINES_MAX])
    return "\n".join(lines[-_LINES_MAX:])
