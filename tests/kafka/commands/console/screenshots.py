"""The pictures of the console for the docs, on a Kafka of their own.

`make screenshots` renews them: a broker, a worker, and a crowd that publishes for some minutes, so
that the pictures have something to show. Every id in them is made up.
"""

import argparse
import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from agents.console_settings import ConsoleSettings
from deploy.bench.event_records import event_record
from deploy.bench.phone_history import PhoneHistory
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.publisher import RecordPublisher
from deploy.topic_setup import Wishes, apply
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.tokens_file import digest_of, written_tokens
from schemas.topics import DEVICE_EVENTS, topology
from tests.kafka.commands.command_line import Program
from tests.kafka.commands.console.chromium import PATIENCE_MS, chromium, log_in
from tests.kafka.commands.console.running import console_in_a_thread
from tests.kafka.commands.phone import Phone

_DEVICES: Final = 150
_PER_ROUND: Final = 60
_ROUND_S: Final = 2.0
_PHONE_WIDTH: Final = 375
_LAST_MINUTES: Final = 2.0
"""Long enough for all pictures."""
_PAUSE_S: Final = 0.5
_LOOK_BACK_S: Final = 12.0
"""Rates are those of the last ten seconds."""
_TOKENS: Final = {
    "operator": Identity("olga", ConsoleRole.OPERATOR),
    "viewer": Identity("vera", ConsoleRole.VIEWER),
}


class _Crowd:
    """Phones that report, with their history going on from one call to the next."""

    def __init__(self, connection: Connection) -> None:
        history = PhoneHistory(seed=7, devices=_DEVICES)
        self._reports = chain(history.enrollments(), history.events())
        self._connection = connection

    def report(self, minutes: float) -> None:
        """Publish for so long."""
        asyncio.run(self._report(time.monotonic() + 60 * minutes))

    async def _report(self, until_s: float) -> None:
        async with RecordPublisher(self._connection, DEVICE_EVENTS) as publisher:
            while time.monotonic() < until_s:
                now_ms = int(time.time() * 1000)
                some = islice(self._reports, _PER_ROUND)
                await publisher.publish(
                    [event_record(each, at_ms=now_ms) for each in some],
                    wait_s_max=30,
                    on_acknowledged=lambda _: None,
                    on_waiting=lambda _: None,
                )
                await asyncio.sleep(_ROUND_S)


def _hero(folder: Path) -> tuple[Phone, str]:
    """A phone with a story worth a picture."""
    phone = Phone("phone")
    phone.enable("ana", "key-1")
    phone.attempt("ana", "key-1", "matched", "login-1")
    for _ in range(5):
        phone.attempt("ana", "key-1", "rejected", "login-2")
    phone.event("attempt.password-accepted", user_id="ana", login_id="login-2", place="sign_in")
    phone.event("biometrics.changed", bio_epoch=2, change="added", detected_by="domain_state")
    phone.attempt("ana", "key-1", "matched", "login-3", epoch=2)
    return phone, phone.written(folder)


def _pictures(browser: Browser, url: str, device: str, folder: Path) -> Iterator[Path]:
    for scheme in ("light", "dark"):
        page = _page(browser, url, "operator", scheme)
        yield _taken(page, folder / f"console-overview-{scheme}.png")
    page = _page(browser, url, "viewer", "light", width=1000, height=620)
    page.goto(f"{url}/feed")
    page.locator("#feed .feed-row").nth(8).wait_for()
    yield _taken(page, folder / "console-feed.png")
    page = _page(browser, url, "operator", "light")
    _find(page, url, device)
    yield _taken(page, folder / "console-device.png")
    page = _page(browser, url, "operator", "dark", width=_PHONE_WIDTH)
    _find(page, url, device)
    yield _taken(page, folder / "console-phone.png")


def _page(
    browser: Browser, url: str, token: str, scheme: str, *, width: int = 1200, height: int = 820
) -> Page:
    page = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    ).new_page()
    page.set_default_timeout(PATIENCE_MS)
    log_in(page, url, token)
    return page


def _find(page: Page, url: str, device: str) -> None:
    page.goto(f"{url}/devices")
    page.get_by_label("Device id").fill(device)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="What happened", exact=True).wait_for()


def _taken(page: Page, file: Path) -> Path:
    page.screenshot(path=file)
    return file


async def _topics(connection: Connection) -> None:
    async with KafkaAdmin(connection.bootstrap_servers) as admin:
        await apply(admin, topology(), Wishes())


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to put them")
    parser.add_argument("--minutes", type=float, default=10, help="how long the crowd publishes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        broker = LocalKafka(scratch / "kafka")
        asyncio.run(broker.start())
        try:
            _take_all(broker.bootstrap_servers, scratch, arguments.folder, arguments.minutes)
        finally:
            asyncio.run(broker.stop())


def _take_all(servers: str, scratch: Path, folder: Path, minutes: float) -> None:
    connection = Connection(bootstrap_servers=servers)
    asyncio.run(_topics(connection))
    tokens = scratch / "tokens.json"
    tokens.write_bytes(written_tokens({digest_of(token): who for token, who in _TOKENS.items()}))
    phone, lines = _hero(scratch)
    folder.mkdir(parents=True, exist_ok=True)
    settings = ConsoleSettings(port=0, tokens_file=tokens)
    with Program(servers, "run"), console_in_a_thread(settings, connection) as running:
        while not (running.views.group.group and running.views.group.group.members):
            time.sleep(_PAUSE_S)
        crowd = _Crowd(connection)
        crowd.report(minutes)
        with Program(servers, "publish", lines) as publishing:
            assert publishing.end().code == 0
        going_on = threading.Thread(target=crowd.report, args=(_LAST_MINUTES,))
        going_on.start()
        time.sleep(_LOOK_BACK_S)
        _show(running.url, phone.device, folder)
        going_on.join()


def _show(url: str, device: str, folder: Path) -> None:
    with chromium() as browser:
        for picture in _pictures(browser, url, device, folder):
            print(f"{picture}  {picture.stat().st_size // 1024} KiB")  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
