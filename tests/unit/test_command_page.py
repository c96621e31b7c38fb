# Goal: the page of commands forgets none of their options.
from importlib import import_module
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from deploy.commands import COMMANDS
from deploy.exit_codes import ExitCode

PAGE = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text(encoding="utf-8")
ON_DATA = (
    "run", "publish", "tail", "state", "explain", "erasure-report", "erasure-key", "lag",
    "monitor", "feed-key", "analyse", "console", "console-token", "dead-letters", "notifications",
    "skip", "position", "doctor", "read-api", "schema", "signal-keys",
)  # fmt: skip


@pytest.mark.parametrize("name", ON_DATA)
def test_each_command_has_its_section_with_every_option(name: str) -> None:
    command = get_command(import_module(COMMANDS[name].module).app)
    heading, section = f"\n## biolatch {name}", ""
    assert heading in PAGE
    section = PAGE.partition(heading)[2].partition("\n## ")[0]
    assert isinstance(command, TyperCommand | TyperGroup)
    parts = list(command.commands.values()) if isinstance(command, TyperGroup) else [command]
    for part in parts:
        options = [option for parameter in part.params for option in parameter.opts]
        for option in options:
            if option.startswith("--") and option not in ("--help", "--json"):
                assert option in section, option


def test_every_exit_code_is_on_the_page() -> None:
    for code in ExitCode:
        assert f"\n| {code.value} | " in PAGE
