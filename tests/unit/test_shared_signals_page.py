"""The page on shared signals names tests that there are, and forgets no event."""

import re
from pathlib import Path

from schemas.signal_types import SignalType

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "shared-signals.md").read_text(encoding="utf-8")
PLACES = (ROOT / "tests" / "signals", ROOT / "tests" / "unit")


def test_every_test_that_the_profile_s_table_names_is_there() -> None:
    files = {path.name: path.read_text(encoding="utf-8") for place in PLACES
             for path in place.glob("test_*.py")}  # fmt: skip
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(files.values())))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 15
    assert named <= defined
    assert set(re.findall(r"`(test_\w+\.py)`", PAGE)) <= files.keys()


def test_every_event_type_is_on_the_page() -> None:
    for each in SignalType:
        assert each.short_name in PAGE
