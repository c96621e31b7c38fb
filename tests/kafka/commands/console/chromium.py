"""The real browser of this machine; nothing is downloaded."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM: Final = shutil.which("chromium")
WHY_NOT: Final = "there is no chromium on this machine: apt-get install chromium"
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS: Final = 60_000
"""A machine that is busy with other tests is slow."""


@contextmanager
def chromium() -> Generator[Browser]:
    """The browser, for as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_FLAGS])
        yield browser
        browser.close()


def log_in(page: Page, url: str, token: str) -> None:
    """As a person does."""
    page.goto(f"{url}/login")
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Overview").wait_for()
