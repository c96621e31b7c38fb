"""The fenced blocks of a page, and the commands in them."""

import re
import shlex
from collections.abc import Iterator

from tests.deployment.chart import ROOT

_FENCED = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The blocks in that language of a page under `docs`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [content for found, content in _FENCED.findall(text) if found == language]


def commands(page: str) -> Iterator[list[str]]:
    """Every command of a page's `sh` blocks, in words."""
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            yield shlex.split(line)
