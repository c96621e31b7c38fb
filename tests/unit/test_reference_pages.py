from pathlib import Path

import pytest

from deploy.reference.pages import MANIFESTS, PAGES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("place", MANIFESTS, ids=str)
def test_the_manifest_is_current(place: Path) -> None:
    assert (ROOT / place).read_text(encoding="utf-8") == MANIFESTS[place](), "run `make docs`"
