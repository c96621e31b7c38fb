"""What AsyncAPI's official parser says of a document."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

from events.errors import InvariantBroken, Misconfigured

_PROGRAM: Final = Path(__file__).parent / "parse.mjs"
_WITHIN_S: Final = 120


class Parsed(NamedTuple):
    """How the parser understood a document.

    Attributes:
        diagnostics: what it has to say, hints included; severity 0 is an error.
        channels: addresses of the channels that it found.
        messages: names of the messages that it found.
    """

    diagnostics: list[dict[str, Any]]
    channels: list[str]
    messages: list[str]


def parse(document: Path, installed: Path) -> Parsed:
    """Parse a document with the parser that is installed in a folder.

    Raises:
        Misconfigured: there is no Node.
        InvariantBroken: the parser fell over.
    """
    node = shutil.which("node")
    if node is None:
        raise Misconfigured("node.missing", "there is no Node here; it takes Node 20 or later")
    # Node looks for packages beside the program.
    program = shutil.copy(_PROGRAM, installed)
    done = subprocess.run(  # noqa: S603 - Node, with a program of our own
        [node, program, str(document.resolve())],
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    if done.returncode != 0:
        raise InvariantBroken("parser.failed", done.stderr.strip())
    return Parsed(**json.loads(done.stdout))
