"""Every command of docs/how-to/console.md, run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.console_settings import ConsoleSettings
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.tokens_file import digest_of, written_tokens

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "how-to" / "console.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
SERVING = [text for _, text in BLOCKS if text.endswith("biolatch console\n")]
OTHERS = [text for _, text in BLOCKS if text not in SERVING]


def environment() -> dict[str, str]:
    # Nothing answers there: a console starts all the same.
    nowhere = {"BIOLATCH_CONSOLE__PORT": "0", "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    programs = str(Path(sys.executable).parent)
    return os.environ | nowhere | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert {language for language, _ in BLOCKS} == {"sh"}
    assert (len(SERVING), len(OTHERS)) == (3, 1)


def test_the_page_names_settings_and_pictures_that_exist() -> None:
    named = set(re.findall(r"BIOLATCH_CONSOLE__([A-Z_]+)", TEXT))
    assert named <= {name.upper() for name in ConsoleSettings.model_fields}
    pictures = re.findall(r"\.\./images/[\w.-]+", TEXT)
    assert pictures
    for picture in pictures:
        assert (PAGE.parent / picture).is_file(), picture


def test_people_are_let_in_and_out(tmp_path: Path) -> None:
    # The program itself, because the page says `biolatch`.
    done = subprocess.run(  # noqa: S603 - our own page
        ["/bin/sh", "-e", "-c", OTHERS[0]],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *_, olga, vera, left = done.stdout.splitlines()
    assert (olga.split(), vera.split(), left) == (
        ["olga", "operator"],
        ["vera", "viewer"],
        "vera is out.",
    )


@pytest.mark.drill
@pytest.mark.parametrize("block", SERVING)
def test_the_console_starts_as_the_page_says_and_ends_in_good_order(
    tmp_path: Path, block: str
) -> None:
    tokens = {digest_of("one"): Identity("olga", ConsoleRole.OPERATOR)}
    (tmp_path / "tokens.json").write_bytes(written_tokens(tokens))
    started = block.replace("biolatch console\n", "exec biolatch console\n")
    with subprocess.Popen(  # noqa: S603 - as above
        ["/bin/sh", "-e", "-c", started],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as console:
        assert console.stderr is not None
        said = next(line for line in console.stderr if line.startswith("The console is at "))
        assert re.search(r" http://(127\.0\.0\.1|0\.0\.0\.0):\d+$", said.rstrip())
        if block is SERVING[0]:
            assert next(console.stderr).startswith("Log in with the token ")
        console.terminate()
        console.communicate(timeout=60)
        assert console.returncode == 0
