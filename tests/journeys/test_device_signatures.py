"""Phones that sign, under a policy that demands it: what an attacker tries, and who is not hurt.

The worker's policy stands in a file, its changelog begins with a row of format 1, and the tests say
what time it is.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from agents.lane.position import POSITION_KEY, Position, decode_position
from deploy.demo.script import Event, accepted, applied, decided, failed, refused
from deploy.demo.story.people import Person, Phone
from deploy.device_signer import DeviceSigner
from deploy.kafka.local import LocalKafka
from deploy.records.partitioner import partition_of
from schemas.topics import DEVICE_EVENTS, topology
from tests.journeys.commands import biolatch, running_worker
from tests.journeys.conftest import MOVED_TIME_PARTITIONS, create_input_of_any_time
from tests.journeys.journey import Clients, Journey, MovedTime, clients_of, with_data
from tests.journeys.topic_dump import dump

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLICY = """
version = "signed-1"
attempts_per_minute_max = 12

[device_signatures_by_platform]
ios = "required"
"""
PER_MINUTE = 12
INVALID = refused("signature_invalid", "use_password")

GOLDEN_ROW = Path(__file__).parents[1] / "golden" / "rows" / "format-1-usual.json"
OLD_PHONE = Phone("phone-of-format-1", "ios")
OLD_PARTITION = partition_of(OLD_PHONE.device.encode(), MOVED_TIME_PARTITIONS)


@pytest.fixture(scope="module")
def signing_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker with a changelog of an older version, and a worker whose policy wants signatures."""
    folder = tmp_path_factory.mktemp("signing")
    broker = LocalKafka(folder / "kafka")
    asyncio.run(broker.start())
    servers = broker.bootstrap_servers
    asyncio.run(create_input_of_any_time(servers))
    biolatch(servers, "topics", "apply", exit_code=5)
    asyncio.run(_write_format_1(servers))
    policy = folder / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    settings = {"BIOLATCH_POLICY_FILE": str(policy)}
    with running_worker(servers, folder, partitions=MOVED_TIME_PARTITIONS, settings=settings):
        yield servers
    asyncio.run(broker.stop())


async def _write_format_1(servers: str) -> None:
    """What a worker of row format 1 leaves: a row and the position, as the golden record has it."""
    row = bytes.fromhex(json.loads(GOLDEN_ROW.read_text(encoding="utf-8"))["row"]["hex"])
    assert row[0] == 1
    row = row[:-1] + b"\xff"  # watermark -1: nothing of this new input is in it
    position = Position(DEVICE_EVENTS, 0, MOVED_TIME_PARTITIONS, 1).encode()
    changelog = topology().devices_changelog.name
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for key, value in ((OLD_PHONE.device.encode(), row), (POSITION_KEY, position)):
            await producer.send_and_wait(changelog, value, key=key, partition=OLD_PARTITION)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing_clients(signing_kafka: str) -> AsyncIterator[Clients]:
    async with clients_of(signing_kafka) as connected:
        yield connected


class SigningPhone:
    """An iPhone with one user whose key signs; it publishes through a journey."""

    def __init__(self, journey: Journey, time: MovedTime) -> None:
        self.journey, self.time = journey, time
        self.phone, self.ana = journey.phone(), Person("ana", "face")
        self.signer = DeviceSigner()

    async def enables(self, *, how: str = "enabled") -> None:
        event, event_id = self.signed(self.phone.enables(self.ana, "settings"))
        await self.journey.leads_to(
            event,
            applied(),
            decided(how, user_id="ana"),
            state={"status": "enabled"},
            event_id=event_id,
        )

    def signed(
        self,
        event: Event,
        *,
        challenge: str | None = None,
        signer: DeviceSigner | None = None,
        late_s: int = 0,
    ) -> tuple[Event, str]:
        """The event as the phone signs it, and its id; or as somebody else would."""
        signer, event_id = signer or self.signer, str(uuid.uuid4())
        sign = (
            signer.signed_attempt if event.name == "attempt.finished" else signer.signed_enrollment
        )
        data: dict[str, Any] = sign(
            event.device,
            event_id,
            event.data,
            challenge=challenge or uuid.uuid4().hex,
            issued_s=self.time.now_ms() // 1000 + late_s,
        )
        return replace(event, data=data), event_id

    async def logs_in(self) -> tuple[Event, str]:
        """A signed match, which has to be accepted."""
        event, event_id = self.signed(self.phone.scans(self.ana, "matched"))
        await self.journey.leads_to(event, accepted(), event_id=event_id)
        return event, event_id


@pytest.fixture
def anas(signing_clients: Clients) -> SigningPhone:
    time = MovedTime()
    return SigningPhone(Journey(*signing_clients, clock=time), time)


async def test_an_enrollment_proves_that_the_phone_has_the_key(anas: SigningPhone) -> None:
    unsigned = refused("signature_invalid", "none")
    await anas.journey.leads_to(anas.phone.enables(anas.ana, "settings"), unsigned)
    event, event_id = anas.signed(anas.phone.enables(anas.ana, "settings"))
    stolen = with_data(event, user_id="mallory")
    await anas.journey.leads_to(stolen, unsigned, event_id=event_id)
    await anas.enables()
    await anas.logs_in()


async def test_nobody_else_logs_in_and_nobody_locks_the_victim_out(anas: SigningPhone) -> None:
    await anas.enables()
    recorded, recorded_id = await anas.logs_in()
    ana, phone, journey = anas.ana, anas.phone, anas.journey
    seq = ana.seq

    # Without the key: failures that would lock her out, and matches that would let others in.
    for outcome in ("rejected",) * 6 + ("locked_timed", "not_enrolled", "matched"):
        await journey.leads_to(phone.scans(ana, outcome), INVALID, state={"status": "enabled"})
        event, event_id = anas.signed(phone.scans(ana, outcome), signer=DeviceSigner())
        await journey.leads_to(event, INVALID, event_id=event_id)

    # With what was recorded: as it is, as another event, with a word changed.
    duplicate = refused("duplicate", "none")
    await journey.leads_to(recorded, duplicate, event_id=recorded_id)
    await journey.leads_to(recorded, INVALID)
    for field, value in (("seq", 99), ("outcome", "rejected"), ("login_id", "mallory-login")):
        await journey.leads_to(with_data(recorded, **{field: value}), INVALID)

    # What the phone itself signs, but too late, too early, or over a challenge that was used.
    for late_s in (-301, 301):
        event, event_id = anas.signed(phone.scans(ana, "matched"), late_s=late_s)
        await journey.leads_to(event, INVALID, event_id=event_id)
    used = str(recorded.data["challenge"])
    event, event_id = anas.signed(phone.scans(ana, "matched"), challenge=used)
    await journey.leads_to(event, INVALID, event_id=event_id)

    ana.seq = seq  # no slot was taken, no failure counted
    event, event_id = anas.signed(phone.scans(ana, "rejected"))
    await journey.leads_to(event, failed(4), event_id=event_id)
    await anas.logs_in()


async def test_whatever_lowers_trust_needs_no_signature(anas: SigningPhone) -> None:
    await anas.enables()
    off = decided("disabled", reason="biometrics_changed")
    await anas.journey.leads_to(anas.phone.changes("added"), applied(), off)
    await anas.journey.leads_to(anas.phone.withdraws(anas.ana), applied())
    anas.time.passes(seconds=1)
    await anas.enables(how="re-enabled")
    request = decided("disabled", reason="user_request")
    await anas.journey.leads_to(anas.phone.withdraws(anas.ana), applied(), request)


async def test_a_flood_is_refused_and_hurts_nobody(anas: SigningPhone) -> None:
    await anas.enables()
    journey, phone, ana = anas.journey, anas.phone, anas.ana
    for _ in range(PER_MINUTE + 5):
        await journey.leads_to(phone.scans(ana, "rejected"), INVALID)
    ana.seq = 0
    for _ in range(PER_MINUTE):
        await anas.logs_in()
    limited = refused("rate_limited", "use_password")
    event, event_id = anas.signed(phone.scans(ana, "matched"))
    await journey.leads_to(event, limited, event_id=event_id, state={"status": "enabled"})
    anas.time.passes(seconds=60 // PER_MINUTE)
    await anas.logs_in()
    event, event_id = anas.signed(phone.scans(ana, "matched"))
    await journey.leads_to(event, limited, event_id=event_id)
    off = decided("disabled", reason="user_request")
    await journey.leads_to(phone.withdraws(ana), applied(), off)


async def test_another_platform_of_this_tenant_need_not_sign(anas: SigningPhone) -> None:
    phone, ben = anas.journey.phone("android"), Person("ben", "fingerprint")
    await anas.journey.enables(phone, ben)
    await anas.journey.leads_to(phone.scans(ben, "matched"), accepted())


async def test_a_worker_goes_on_from_rows_of_format_1(
    anas: SigningPhone, signing_kafka: str
) -> None:
    """The row's user is enabled, without a public key: off at any time, but no attempt will do."""
    owner = Person("user-1", "face", key=1, seq=3)
    attempt = with_data(OLD_PHONE.scans(owner, "matched"), key_id="key-1")
    await anas.journey.leads_to(attempt, INVALID)
    off = decided("disabled", reason="user_request", key_id="key-1")
    await anas.journey.leads_to(
        OLD_PHONE.withdraws(owner), applied(), off, state={"status": "disabled"}
    )
    changelog = topology().devices_changelog.name
    records = await dump(signing_kafka, [changelog], partitions=[OLD_PARTITION])
    of_row = [r.value or b"" for r in records if r.key == OLD_PHONE.device.encode()]
    of_position = [decode_position(r.value or b"") for r in records if r.key == POSITION_KEY]
    assert [row[0] for row in of_row] == [1, 2]
    assert of_position[0].row_format == 1
    assert {position.row_format for position in of_position[1:]} == {2}
    assert of_position[-1].next_offset > anas.journey.last.offset
