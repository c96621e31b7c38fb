"""All reference pages by file name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.reference.dead_letter_codes import dead_letter_codes_page
from deploy.reference.settings import settings_page
from deploy.reference.transitions import transitions_page

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "dead-letter-codes.md": dead_letter_codes_page,
    "settings.md": settings_page,
    "transitions.md": transitions_page,
}


def write_pages(folder: Path) -> None:
    """Write every page.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
