# Goal: every command that a tutorial or a how-to shows is run by a test, or checked by one where it
# needs what no test has. A test says which page it runs by naming its file.
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMANDS = re.compile(r"^```(?:bash|console|sh|shell)\b", re.MULTILINE)
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
WITH_COMMANDS = [page for page in PAGES if COMMANDS.search(page.read_text(encoding="utf-8"))]
TESTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tests").rglob("test_*.py"))
    if path != Path(__file__)
}

RUN_BY = {
    page.name: [test for test, text in TESTS.items() if re.search(rf'[/"]{page.name}"', text)]
    for page in WITH_COMMANDS
}
"""The tests that read each page with commands."""


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_a_page_with_commands_has_a_test_that_runs_them(page: Path) -> None:
    assert RUN_BY[page.name], f"no test names docs/{page.relative_to(DOCS)}: write one that runs it"


def test_the_pages_that_are_known_have_the_tests_that_are_known() -> None:
    assert RUN_BY["tutorial.md"] == ["tests/journeys/test_tutorial.py"]
    assert "tests/client/test_how_to_backend.py" in RUN_BY["backend.md"]
    assert RUN_BY["deploy-kubernetes.md"] == ["tests/deployment/test_how_to_deploy.py"]
