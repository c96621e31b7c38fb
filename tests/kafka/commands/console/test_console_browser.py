# Goal: in a real browser the console works with keyboard alone, at the width of a phone, in light
# and dark, fetches nothing from elsewhere, and breaks none of its own rules on content.
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from deploy.records.connection import Connection
from deploy.web_console.serving import RunningConsole
from tests.kafka.commands.command_line import Program
from tests.kafka.commands.console.chromium import CHROMIUM, PATIENCE_MS, WHY_NOT, chromium, log_in
from tests.kafka.commands.console.conftest import OPERATOR, VIEWER, Story
from tests.kafka.commands.phone import Phone

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT),
    pytest.mark.timeout(300),
]
PATHS = ("/", "/feed", "/devices", "/dead-letters", "/topics")
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(console: RunningConsole) -> Iterator[Browser]:
    # Behind the console, because what starts that cannot run inside playwright's own loop.
    del console
    with chromium() as running:
        yield running


class Watched:
    """A page, and whatever goes wrong on it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.requested: set[str] = set()
        self.complaints: list[str] = []
        context.on("request", lambda request: self.requested.add(urlsplit(request.url).netloc))
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    def all_is_well(self) -> None:
        # A breach of the content security policy is told on the console as an error.
        assert self.complaints == []
        assert self.requested == {urlsplit(self.url).netloc}

    def is_no_wider_than_the_screen(self) -> None:
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wide) == 0, self.page.url


def watched(
    browser: Browser, console: RunningConsole, token: str, *, width: int = 1280, scheme: str = ""
) -> Watched:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    seen = Watched(context, console.url)
    log_in(seen.page, console.url, token)
    return seen


def device_page(seen: Watched, device: str) -> None:
    seen.page.goto(f"{seen.url}/devices")
    seen.page.get_by_label("Device id").fill(device)
    seen.page.get_by_role("button", name="Find").click()
    seen.page.get_by_role("heading", name="What happened", exact=True).wait_for()


def every_page(seen: Watched, story: Story) -> Iterator[Page]:
    """Every kind of page, one after the other."""
    for path in PATHS:
        seen.page.goto(seen.url + path)
        yield seen.page
    seen.page.goto(f"{seen.url}/dead-letters")
    seen.page.locator(".feed-what a").first.click()
    seen.page.get_by_role("heading", name="What is wrong").wait_for()
    yield seen.page
    device_page(seen, story.device)
    yield seen.page


@pytest.mark.parametrize("token", [OPERATOR, VIEWER])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_keeps_the_rules(
    browser: Browser, console: RunningConsole, story: Story, token: str, scheme: str
) -> None:
    seen = watched(browser, console, token, scheme=scheme)
    for page in every_page(seen, story):
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("banner")).to_have_count(1)
        expect(page.get_by_role("navigation")).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page).to_have_title(re.compile(r".+ · biolatch$"))
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select, button, a[href]')]"
            ".filter((each) => each.checkVisibility() && !each.labels?.length"
            " && !each.textContent.trim() && !each.ariaLabel).map((each) => each.outerHTML)"
        )
        assert unnamed == []
        assert page.evaluate(CONTRAST) == [], page.url
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
        assert len(ids) == len(set(ids)), page.url
    seen.all_is_well()


def test_what_breaks_the_rules_would_be_seen(browser: Browser, console: RunningConsole) -> None:
    seen = watched(browser, console, VIEWER)
    seen.page.evaluate("document.querySelector('h1').style.color = '#999'")
    assert any("Overview" in weak for weak in seen.page.evaluate(CONTRAST))
    seen.page.evaluate("new Image().src = 'https://elsewhere.example/picture.png'")
    until(lambda: any("Content Security Policy" in said for said in seen.complaints), seen.page)
    with pytest.raises(Error, match="TrustedHTML"):
        seen.page.evaluate("document.body.innerHTML = '<b>text</b>'")


def until(condition: Callable[[], bool], page: Page) -> None:
    for _ in range(PATIENCE_MS // 100):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come")


def test_at_the_width_of_a_phone_nothing_is_cut_off(
    browser: Browser, console: RunningConsole, story: Story
) -> None:
    seen = watched(browser, console, OPERATOR, width=375)
    for _ in every_page(seen, story):
        seen.is_no_wider_than_the_screen()
    seen.all_is_well()


def test_everything_can_be_done_with_the_keyboard(
    browser: Browser, console: RunningConsole, story: Story
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    seen = Watched(context, console.url)
    page = seen.page
    page.goto(f"{console.url}/login")
    page.keyboard.type(OPERATOR)  # the field has the focus
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Overview").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.goto(f"{console.url}/")
    _tab_to(page, "Devices")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Devices", level=1).wait_for()
    page.keyboard.type(story.device)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What happened", exact=True).wait_for()
    _tab_to(page, "Records")
    page.keyboard.press("Enter")
    expect(page.locator("details[open] pre").first).to_be_visible()
    seen.all_is_well()


def _tab_to(page: Page, text: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    raise AssertionError(f"no way to {text}")


def published(connection: Connection, folder: Path, phone: Phone) -> None:
    with Program(connection.bootstrap_servers, "publish", phone.written(folder)) as publishing:
        assert publishing.end().code == 0
    phone.lines = []


def test_the_feed_goes_on_by_itself_until_it_is_paused(
    browser: Browser, console: RunningConsole, connection_to_kafka: Connection, tmp_path: Path
) -> None:
    seen = watched(browser, console, OPERATOR)
    page = seen.page
    page.goto(f"{console.url}/feed?type=decision")
    expect(page.locator("#live-state")).to_have_text("live", timeout=PATIENCE_MS)
    phone = Phone("browser-phone")
    phone.enable("uma", "key-1")
    published(connection_to_kafka, tmp_path, phone)
    rows = page.locator("#feed .feed-row", has_text=phone.device)
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)

    page.get_by_role("button", name="Pause").click()
    phone.event("enrollment.withdrawn", user_id="uma", channel="settings")
    published(connection_to_kafka, tmp_path, phone)
    expect(page.locator("#live-state")).to_contain_text("1 new", timeout=PATIENCE_MS)
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Go on").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("disabled")
    seen.all_is_well()


def test_the_overview_renews_itself(
    browser: Browser, console: RunningConsole, connection_to_kafka: Connection, tmp_path: Path
) -> None:
    seen = watched(browser, console, VIEWER)
    total = seen.page.locator("#decisions-total")
    before = total.inner_text()
    seen.page.get_by_text("As a table").click()
    phone = Phone("browser-phone")
    phone.enable("uma", "key-1")
    published(connection_to_kafka, tmp_path, phone)
    expect(total).not_to_have_text(before, timeout=PATIENCE_MS)
    # What somebody has opened stays open.
    expect(seen.page.locator("#decisions-table")).to_have_attribute("open", "")
    seen.all_is_well()


def test_without_scripts_every_page_is_there(
    browser: Browser, console: RunningConsole, story: Story
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    log_in(page, console.url, VIEWER)
    page.goto(f"{console.url}/feed")
    assert page.locator(".feed-row").count() > 1
    expect(page.get_by_role("link", name="Renew")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    page.goto(f"{console.url}/devices")
    page.get_by_label("Device id").fill(story.device)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="What happened", exact=True).wait_for()
