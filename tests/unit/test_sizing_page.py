# Goal: what docs/how-to/sizing.md tells people to run is there, and its figures were measured.
import re
from pathlib import Path

import pytest

from deploy.cli import run
from deploy.exit_codes import ExitCode

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "sizing.md").read_text(encoding="utf-8")
MEASURED = (DOCS / "performance.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"`biolatch ([a-z-]+)((?: --?[a-z0-9-]+)*)[^`]*`", PAGE)
FIGURES = ("29,282", "50,685", "34.0 us", "14,641", "1,229 bytes", "557 to 563 bytes", "408 bytes")


def test_the_command_of_the_page_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    [block] = re.findall(r"^```sh\nbiolatch (.*?)\n```$", PAGE, re.MULTILINE)
    assert run(block.split()) == ExitCode.OK
    assert "--scaling" in capsys.readouterr().out


def test_every_command_in_its_text_has_the_options_that_it_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert COMMANDS
    for command, options in COMMANDS:
        assert run([command, "--help"]) == ExitCode.OK
        shown = capsys.readouterr().out
        for option in options.split():
            assert option in shown, f"{command} {option}"


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_one_that_was_measured(figure: str) -> None:
    assert figure in PAGE
    assert figure in MEASURED
