# Goal: the documentation is one site without a broken link, and a reader needs no network for it.
import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.deployment.chart import ROOT

BUILD_S_MAX = 300
CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = ("index.html", "tutorial.html", "reference/commands.html", "adr/index.html")

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_S_MAX,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_and_every_file_that_a_page_names_is_on_the_site(site: Path) -> None:
    pages = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in _pages()}
    assert [str(page) for page in pages if not (site / page).is_file()] == []
    for name in ("SECURITY.html", "CHANGELOG.html", "examples/first-day.jsonl"):
        assert (site / name).is_file()
    assert not list(site.rglob("*.py.html"))


def _pages() -> Iterator[Path]:
    for page in (ROOT / "docs").rglob("*.md"):
        yield page.with_name("index.md") if page.name == "README.md" else page


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (apt-get install chromium)")
def test_pages_and_search_ask_nobody_but_their_own_server(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        asked: list[str] = []
        failed: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        for name in PAGES:
            page.goto(f"{address}/{name}")
            assert page.locator("h1").count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, "it fits a phone"
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_placeholder("Search").click()
        page.keyboard.type("erasure")
        page.wait_for_selector(".md-search-result__link")
        browser.close()
    assert failed == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
