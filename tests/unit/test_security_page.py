# Goal: SECURITY.md says nothing that is not there. What protects is in the code;
# that each row names a test that exists, a setting that exists, and what remains, is held here.
import re
from pathlib import Path

import pytest

from agents.core.policy import Policy

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
THREATS_KNOWN = 15
STANDARDS = {
    *(f"OWASP MASVS-AUTH-{number}" for number in (1, 2, 3)),
    *(f"OWASP ASVS 5.0, {row}" for row in ("6.1.1", "6.3.5", "6.3.7", "6.5.6", "6.5.7")),
    "NIST SP 800-63B 3.2.3",
    "NIST SP 800-63B",
    *(f"PSD2 RTS article {part}" for part in ("4(2)", "4(3)(a)", "4(3)(b)", "4(4)")),
}


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


THREATS = table("Threats")
RULES = table("Standards")


def test_every_threat_has_its_row() -> None:
    assert [row[0] for row in THREATS] == [str(number + 1) for number in range(THREATS_KNOWN)]
    assert {row[0] for row in RULES} == STANDARDS


@pytest.mark.parametrize("row", [*THREATS, *RULES], ids=lambda row: row[0])
def test_a_row_is_full_and_names_tests(row: list[str]) -> None:
    assert all(row)
    shown_by = row[3]
    assert re.fullmatch(r"`tests/[\w/]+\.py`(, `tests/[\w/]+\.py`)*", shown_by)


def test_every_test_and_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:tests|schemas|deploy)/[\w/.-]+)`", PAGE))
    assert len(named) > THREATS_KNOWN
    assert {name for name in named if not (ROOT / name).is_file()} == set()
    assert all("def test_" in (ROOT / name).read_text() for name in named if "tests/" in name)


def test_every_setting_that_is_named_exists_and_has_that_value() -> None:
    for name in ("failures_max", "consecutive_failures_max", "password_age_s_max", "profile"):
        assert name in PAGE
    numbers = re.findall(r"`(\w+_(?:max|first))` (\d+)( min| s| h)?", PAGE)
    units = {" min": 60, " s": 1, " h": 3600, "": 1}
    assert numbers
    for name, number, unit in numbers:
        assert getattr(Policy(), name) == int(number) * units[unit], name
    settings = set(re.findall(r"`(\w+_(?:max|first|failures|enabled|signatures))`", PAGE))
    assert settings <= set(Policy.model_fields)
