# Goal: every command that a tutorial or a how-to shows is run by a test, or checked by one where it
# needs what no test has. Whoever writes a page names its test here.
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

RUN_BY = {
    "tutorial.md": "tests/journeys/test_tutorial.py",
    "how-to/backend.md": "tests/client/test_how_to_backend.py",
    "how-to/console.md": "tests/kafka/commands/console/test_how_to_console.py",
    "how-to/contract.md": "tests/contract/test_how_to_contract.py",
    "how-to/deploy-compose.md": "tests/deployment/test_how_to_deploy.py",
    "how-to/deploy-kubernetes.md": "tests/deployment/test_how_to_deploy.py",
    "how-to/notifier.md": "tests/journeys/test_how_to_notifier.py",
    "how-to/observe.md": "tests/kafka/monitoring/test_how_to_observe.py",
    "how-to/read-api.md": "tests/client/test_how_to_read_api.py",
    "how-to/security-analytics.md": "tests/journeys/test_how_to_security_analytics.py",
    "how-to/shared-signals.md": "tests/signals/test_how_to_signals.py",
    "how-to/sizing.md": "tests/unit/test_sizing_page.py",
}
"""The test of each page with commands."""

COMMANDS = re.compile(r"^```(?:bash|console|sh|shell)\b", re.MULTILINE)
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_with_commands_has_a_test_that_runs_them(page: Path) -> None:
    name = page.relative_to(DOCS).as_posix()
    if COMMANDS.search(page.read_text(encoding="utf-8")) or name in RUN_BY:
        assert name in RUN_BY, f"name the test that runs the commands of docs/{name} here"
        text = (ROOT / RUN_BY[name]).read_text(encoding="utf-8")
        assert page.name in text, f"{RUN_BY[name]} does not read docs/{name}"


def test_no_page_is_named_that_is_not_there() -> None:
    assert set(RUN_BY) <= {page.relative_to(DOCS).as_posix() for page in PAGES}
