"""Erasure on a real broker: whoever was erased is nowhere any more, and does not come back.

The bounds of docs/erasure.md are hours and days; here the same settings are seconds, and the
broker looks at them more often. What is searched is what is on the disk: the broker's folder and
the worker's.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agents.erasure_keys import read_erasure_keys
from deploy.cli import run
from deploy.demo.script import accepted, applied, decided, failed, noted, refused
from deploy.demo.story.people import Person, Phone
from deploy.erasure.marks import MarkKind
from deploy.erasure.report import Report, Subject, Verdict, report_on
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import BrokerOptions, LocalKafka
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import merged, untold
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, NOTIFICATION_DEAD_LETTERS, Cleanup, topology
from tests.journeys.commands import biolatch, biolatch_beside, running_worker
from tests.journeys.journey import BrokersTime, Journey, clients_of, erased, revoked

pytestmark = pytest.mark.asyncio(loop_scope="module")

HASTY_BROKER = {
    "log.cleaner.backoff.ms": "200",
    "log.retention.check.interval.ms": "300",
    "log.initial.task.delay.ms": "100",
}
HASTY_DELETE = {"retention.ms": "4000", "segment.ms": "1000", "file.delete.delay.ms": "100"}
HASTY_COMPACT = {
    "max.compaction.lag.ms": "500",
    "segment.ms": "500",
    "delete.retention.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "file.delete.delay.ms": "100",
}
GONE_WAIT_S = 60.0


class World:
    """A broker, a worker with a local store, and keys of erasure marks."""

    def __init__(self, folder: Path, broker: LocalKafka, journey: Journey) -> None:
        self.folder = folder
        self.broker = broker
        self.journey = journey
        self.settings = settings_in(folder)

    async def report(self, device: str, user: str | None = None) -> Report:
        return await report_on(
            Connection(bootstrap_servers=self.broker.bootstrap_servers),
            topology(),
            Subject(device_id=device, user_id=user),
            keys=read_erasure_keys(self.folder / "erasure-keys.json"),
            store=self.folder / "stores",
            sweep_interval_s=1,
            on_progress=untold,
        )

    async def command(self, *arguments: str, exit_code: int) -> str:
        """What `biolatch erasure-report` says."""
        return await asyncio.to_thread(
            biolatch,
            self.broker.bootstrap_servers,
            *("erasure-report", *arguments),
            exit_code=exit_code,
            settings=self.settings,
        )

    def files_with(self, *names: str) -> list[str]:
        """Every file of the broker and of the worker that holds one of these ids."""
        needles = [name.encode() for name in names]
        found = []
        for folder in (self.broker.folder.records, self.folder / "stores"):
            for path in folder.rglob("*"):
                try:
                    content = path.read_bytes() if path.is_file() else b""
                except FileNotFoundError:
                    continue
                if any(needle in content for needle in needles):
                    found.append(str(path.relative_to(folder)))
        return found

    async def haste(self) -> None:
        """From here on hours are seconds."""
        async with KafkaAdmin(self.broker.bootstrap_servers) as admin:
            found = await admin.topics(topic.name for topic in topology().topics)
            for topic in topology().topics:
                hasty = HASTY_DELETE if topic.cleanup is Cleanup.DELETE else HASTY_COMPACT
                await admin.set_settings(found[topic.name], hasty)

    async def others_go_on(self) -> None:
        """Somebody else's event, which changes a state: nothing is cleaned before more comes."""
        await self.journey.enables(self.journey.phone(), Person("somebody-else", "face"))

    async def until_gone(self, *names: str) -> None:
        deadline = time.monotonic() + GONE_WAIT_S
        while found := self.files_with(*names):
            assert time.monotonic() < deadline, found
            await self.others_go_on()
            await asyncio.sleep(0.3)

    async def changelog_keys(self) -> set[bytes | None]:
        connection = Connection(bootstrap_servers=self.broker.bootstrap_servers)
        async with TopicReader(connection, uncommitted=True) as reader:
            spans = await reader.spans(await reader.partitions(topology().devices_changelog.name))
            return {record.key async for record in merged(reader, spans)}


def settings_in(folder: Path) -> dict[str, str]:
    return {
        "BIOLATCH_ERASURE__MARK_KEYS_FILE": str(folder / "erasure-keys.json"),
        "BIOLATCH_STORE__FOLDER": str(folder / "stores"),
        "BIOLATCH_STORE__SWEEP_INTERVAL_S": "1",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("erasure")
    options = BrokerOptions(properties=HASTY_BROKER)
    async with LocalKafka(folder / "kafka", options=options) as broker:
        servers = broker.bootstrap_servers
        assert run(["erasure-key", "generate", str(folder / "erasure-keys.json")]) == 0
        await biolatch_beside(servers, "topics", "apply", "--partitions", "1")
        with running_worker(servers, folder, partitions=1, settings=settings_in(folder)):
            async with clients_of(servers) as clients:
                yield World(folder, broker, Journey(*clients, clock=BrokersTime()))


async def lives(journey: Journey, phone: Phone, ana: Person, jon: Person) -> None:
    """Everything that can happen to a phone, the unreadable too."""
    await journey.leads_to(phone.declines(jon, "login_prompt"), noted())
    await journey.enables(phone, ana)
    await journey.enables(phone, jon)
    await journey.leads_to(phone.scans(ana, "matched"), accepted())
    await journey.leads_to(phone.scans(jon, "rejected"), failed(4))
    await journey.leads_to(phone.accepts_password(ana), noted())
    await journey.leads_to(
        phone.changes("added"), applied(), decided("disabled"), decided("disabled")
    )
    await journey.leads_to(phone.withdraws(ana), applied())
    await journey.leads_to(revoked(phone, jon, allow_re_enable=True), applied())
    escaped = json.dumps({"user_id": ana.user}).replace("a", "\\u0061").encode()
    await journey.publish_raw(phone.device.encode(), b"{not JSON", [("ce_id", b"broken-1")])
    await journey.publish_raw(phone.device.encode(), escaped, [("ce_id", b"broken-2")])


async def test_an_erased_phone_leaves_nothing_but_its_mark(world: World) -> None:
    journey = world.journey
    phone, ana, jon = journey.phone(), person("ana", journey), person("jon", journey)
    ids = (phone.device, ana.user, jon.user)
    enrolling, enrolled_ms = phone.enables(ana, "settings"), journey.clock.now_ms()
    await journey.leads_to(enrolling, applied(), decided("enabled"), occurred_ms=enrolled_ms)
    await lives(journey, phone, ana, jon)

    before = await world.report(phone.device)
    assert before.verdict is Verdict.NOT_ERASED
    found = {each.topic: each.found for each in before.topics}
    assert found[DEVICE_EVENTS] > 10
    assert found[DEAD_LETTERS] == 2
    assert [topic for topic, count in found.items() if not count] == [NOTIFICATION_DEAD_LETTERS]
    assert before.store is not None
    assert before.store.found
    of_ana = await world.report(phone.device, ana.user)
    assert {each.topic: each.found for each in of_ana.topics}[DEAD_LETTERS] == 1  # escaped

    await journey.leads_to(erased(phone), applied())
    erased_ms = journey.last.timestamp_ms
    leaving = await world.report(phone.device)
    assert leaving.verdict is Verdict.LEAVING
    assert leaving.standing.mark is not None
    assert leaving.standing.mark.kind is MarkKind.KEYED
    # As topics are set up: the input and its copies are gone last.
    assert leaving.gone_ms is not None
    due_ms = erased_ms + topology().device_events.gone_after_ms
    assert due_ms <= leaving.gone_ms < due_ms + 60_000

    await world.haste()
    await world.until_gone(*ids)
    after = json.loads(await world.command(phone.device, "--json", exit_code=0))
    assert (after["verdict"], after["mark"]["kind"], after["gone_at"]) == ("erased", "keyed", None)
    assert phone.device.encode() not in await world.changelog_keys()
    for user in (ana, jon):
        assert (await world.report(phone.device, user.user)).verdict is Verdict.ERASED

    # Old input comes again, under a new id: the mark alone refuses it, and nothing is written.
    await journey.leads_to(enrolling, refused("erased", "none"), occurred_ms=enrolled_ms)
    assert phone.device.encode() not in await world.changelog_keys()
    assert (await world.report(phone.device)).standing == leaving.standing


async def test_an_erased_user_leaves_a_phone_that_others_go_on_using(world: World) -> None:
    journey = world.journey
    phone, ana, jon = journey.phone(), person("ana", journey), person("jon", journey)
    enrolling, enrolled_ms = phone.enables(ana, "settings"), journey.clock.now_ms()
    await journey.leads_to(enrolling, applied(), decided("enabled"), occurred_ms=enrolled_ms)
    await journey.enables(phone, jon)
    assert world.files_with(ana.user)
    assert (await world.report(phone.device, ana.user)).verdict is Verdict.NOT_ERASED

    await journey.leads_to(erased(phone, ana), applied(), decided("disabled", reason="erased"))
    await world.haste()
    await world.until_gone(ana.user)
    after = await world.report(phone.device, ana.user)
    assert after.verdict is Verdict.ERASED
    await journey.leads_to(phone.scans(jon, "matched"), accepted())
    await journey.leads_to(enrolling, refused("erased", "none"), occurred_ms=enrolled_ms)
    assert (await world.report(phone.device, jon.user)).verdict is Verdict.NOT_ERASED


async def test_the_report_reads_well_and_names_nobody_it_was_not_asked_for(world: World) -> None:
    journey = world.journey
    phone, ana = journey.phone(), person("ana", journey)
    await journey.enables(phone, ana)
    await journey.leads_to(erased(phone), applied(), decided("disabled"))
    text = await world.command(phone.device, exit_code=1)
    assert "stands under the current key" in text
    assert "verdict  erased, and not gone yet" in text
    assert ana.user not in text
    # Without the key nobody finds the mark; and that is said.
    world.settings = {}
    text = await world.command("nobody", exit_code=1)
    assert "BIOLATCH_ERASURE__MARK_KEYS_FILE" in text


def person(name: str, journey: Journey) -> Person:
    """Somebody whose ids can be told from everybody else's."""
    return Person(f"{name}-{journey.name}-{time.monotonic_ns()}", "face")
