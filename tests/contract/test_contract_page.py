# Goal: the page shows the whole contract in a real browser, and asks nobody for anything.
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from deploy.contract.npm_packages import fetch_viewer, read_lock
from deploy.contract.page import PAGE, contract_page
from schemas.asyncapi import asyncapi_document
from schemas.topics import topology

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SHOWN_WITHIN_MS = 60_000
pytestmark = [
    pytest.mark.drill,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        CHROMIUM is None or shutil.which("npm") is None,
        reason="needs Chromium (on Debian: apt-get install chromium) and npm; they are not here",
    ),
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("viewer")
    page = contract_page(asyncapi_document(version="0.1.0"), fetch_viewer(folder, read_lock()))
    (folder / PAGE).write_text(page, encoding="utf-8")
    return folder / PAGE


@pytest.fixture
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page(viewport={"width": 1600, "height": 1000})
        browser.close()


def test_it_shows_every_topic_and_message_and_no_request_leaves_the_host(
    page_file: Path, browser_page: Page
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    browser_page.goto(page_file.as_uri())
    browser_page.get_by_role("heading", name="Operations").wait_for(timeout=SHOWN_WITHIN_MS)
    text = browser_page.inner_text("body")
    for topic in topology().topics:
        assert topic.name in text
    for name in asyncapi_document(version="0.1.0")["components"]["messages"]:
        assert name in text
    assert asked == [page_file.as_uri()]
    assert complaints == []


def test_it_could_not_ask_if_it_wanted_to(page_file: Path, browser_page: Page) -> None:
    browser_page.goto(page_file.as_uri())
    asking = "fetch('https://example.invalid/').then(() => 'asked', error => error.name)"
    complaints: list[str] = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    assert browser_page.evaluate(asking) == "TypeError"
    assert any("Content Security Policy" in each for each in complaints)
