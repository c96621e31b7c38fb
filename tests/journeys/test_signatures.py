"""Who may publish what: signed events among others, where signatures are required or accepted."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from deploy.cli import run
from deploy.demo.script import accepted, applied, decided
from deploy.demo.story.people import Person
from deploy.event_signer import EventSigner, read_signer
from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from deploy.records.publisher import KeyedRecord
from events.facts import AttemptFinished
from schemas.malformed import MalformedCode
from tests.journeys.commands import RunningWorker, biolatch, biolatch_beside, running_worker
from tests.journeys.journey import (
    SOURCE,
    BrokersTime,
    Clients,
    Journey,
    Published,
    clients_of,
    revoked,
)
from tests.unit.signed_records import signer, write_file

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = MalformedCode.SIGNATURE_KEY_UNKNOWN


class Signed(NamedTuple):
    """Where workers verify signatures, and with what others sign."""

    servers: str
    mode: str
    worker: RunningWorker
    keys_file: Path
    keys: Path

    def key(self, kid: str) -> Path:
        return self.keys / kid

    def signer(self, kid: str) -> EventSigner:
        return read_signer(self.key(kid))

    def generate(self, kid: str, *options: str) -> None:
        files = ("--keys-file", str(self.keys_file), "--private-key", str(self.key(kid)))
        assert run(["keys", "generate", kid, *files, *options]) == ExitCode.OK

    def withdraw(self, kid: str) -> None:
        content = json.loads(self.keys_file.read_text(encoding="utf-8"))
        content["keys"] = [key for key in content["keys"] if key["kid"] != kid]
        del content["grants"][kid]
        write_file(self.keys_file, content)

    async def codes(self) -> dict[tuple[int, int], str]:
        """Of all dead letters, by the place of their input."""
        said = await biolatch_beside(
            self.servers, "dead-letters", "list", "--limit", "1000", "--json"
        )
        return {
            (letter["original_partition"], letter["original_offset"]): letter["code"]
            for letter in json.loads(said)["letters"]
        }


@dataclass
class SignedJourney(Journey):
    """A journey that signs what it publishes."""

    by: EventSigner | None = None

    async def publish_raw(
        self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> Published:
        if self.by is None or key is None or value is None:
            return await super().publish_raw(key, value, headers)
        done = self.by.signed(KeyedRecord(key, value, tuple(headers)))
        return await super().publish_raw(
            key, value, [(name, text) for name, text in done.headers if text is not None]
        )


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    broker = LocalKafka(tmp_path_factory.mktemp("signed"))
    asyncio.run(broker.start())
    yield broker.bootstrap_servers
    asyncio.run(broker.stop())


@pytest.fixture(scope="module", params=["require", "accept"])
def signed(
    servers: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Signed]:
    folder = tmp_path_factory.mktemp("worker")
    keys_file = folder / "keys.json"
    partitions = json.loads(biolatch(servers, "topics", "apply", "--json"))["partitions"]
    write_file(keys_file, {"keys": [], "grants": {}})
    settings = {
        "BIOLATCH_SIGNATURES__MODE": request.param,
        "BIOLATCH_SIGNATURES__KEYS_FILE": str(keys_file),
    }
    with running_worker(servers, folder, partitions=partitions, settings=settings) as worker:
        made = Signed(servers, request.param, worker, keys_file, folder)
        made.generate("backend", "--algorithm", "EdDSA")
        made.generate("shared", "--algorithm", "HS256")
        made.generate("attempts", "--event-type", AttemptFinished.event_type)
        made.generate("elsewhere", "--source", "/another-backend")
        made.generate("old", "--not-after", "2026-01-01")
        yield made
    private = [
        json.loads(made.key(kid).read_text(encoding="utf-8")) for kid in ("backend", "shared")
    ]
    assert not [each for each in private if (each.get("d") or each["k"]) in str(worker.lines)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing_clients(signed: Signed) -> AsyncIterator[Clients]:
    async with clients_of(signed.servers) as connected:
        yield connected


@pytest.fixture
def journey(signing_clients: Clients, signed: Signed) -> SignedJourney:
    return SignedJourney(*signing_clients, clock=BrokersTime(), by=signed.signer("backend"))


async def test_what_is_not_rightly_signed_is_a_dead_letter_and_changes_nothing(
    journey: SignedJourney, signed: Signed
) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    enabled = await journey.enables(phone, ana)
    revocation = revoked(phone, ana, allow_re_enable=False)
    expected: dict[tuple[int, int], str] = {}
    for by, code in (
        (signed.signer("attempts"), MalformedCode.SIGNATURE_TYPE_NOT_ALLOWED),
        (signed.signer("elsewhere"), MalformedCode.SIGNATURE_SOURCE_NOT_ALLOWED),
        (signed.signer("old"), MalformedCode.SIGNATURE_KEY_NOT_VALID),
        (signer("ES256", "nobody"), UNKNOWN),
        (signer("EdDSA", "backend"), MalformedCode.SIGNATURE_INVALID),
        *([(None, MalformedCode.SIGNATURE_MISSING)] if signed.mode == "require" else []),
    ):
        journey.by = by
        at = await journey.publish(revocation)
        expected[at.partition, at.offset] = code
    # Behind them in the same partition, the phone goes on as if nothing had been.
    journey.by = signed.signer("attempts")
    answer = await journey.leads_to(phone.scans(ana, "matched"), accepted())
    assert answer.state == enabled.state
    codes = await signed.codes()
    assert {place: codes.get(place) for place in expected} == expected
    assert (journey.last.partition, journey.last.offset) not in codes


async def test_an_unsigned_event_is_taken_only_where_signatures_are_merely_accepted(
    journey: SignedJourney, signed: Signed
) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    journey.by = None
    if signed.mode == "accept":
        await journey.enables(phone, ana)
        return
    unsigned = await journey.publish(phone.enables(ana, "settings"))
    journey.by = signed.signer("shared")
    await journey.enables(phone, Person("bo", "face"))
    codes = await signed.codes()
    assert codes[unsigned.partition, unsigned.offset] == MalformedCode.SIGNATURE_MISSING


async def test_a_key_counts_from_the_moment_it_is_in_the_file_until_it_is_taken_out(
    journey: SignedJourney, signed: Signed
) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    kid = f"new-{uuid.uuid4().hex[:6]}"
    journey.by = signer("EdDSA", kid)
    early = await journey.publish(phone.scans(ana, "matched"))
    await asyncio.to_thread(signed.generate, kid)
    journey.by = signed.signer(kid)
    # The old key goes on while the publisher changes to the new one.
    await journey.leads_to(phone.scans(ana, "matched"), accepted())
    journey.by = signed.signer("backend")
    await journey.leads_to(phone.scans(ana, "matched"), accepted())
    await asyncio.to_thread(signed.withdraw, kid)
    journey.by = signed.signer(kid)
    late = await journey.publish(phone.scans(ana, "matched"))
    journey.by = signed.signer("backend")
    await journey.leads_to(phone.scans(ana, "matched"), accepted())
    codes = await signed.codes()
    assert [codes.get((at.partition, at.offset)) for at in (early, late)] == [UNKNOWN, UNKNOWN]
    said = [json.loads(line) for line in signed.worker.lines if "signatures.keys-read" in line]
    assert [each["event"] for each in said if kid in each["added"]] == ["signatures.keys-read"]
    assert [each["event"] for each in said if kid in each["withdrawn"]] == ["signatures.keys-read"]


async def test_the_command_line_signs_and_tells_of_what_was_refused(
    journey: SignedJourney, signed: Signed
) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "type": "biolatch.enrollment.withdrawn.v1",
        "subject": phone.device,
        "time": "2026-01-31T23:59:59.999Z",
        "data": {"user_id": ana.user, "channel": "settings"},
    }
    await journey.enables(phone, ana)
    for kid in ("old", "backend"):
        line = json.dumps({**event, "id": str(uuid.uuid4())})
        said = await asyncio.to_thread(
            *(biolatch, signed.servers, "publish", "-", "--sign-with", str(signed.key(kid))),
            stdin=line + "\n",
        )
        assert "1" in said
    again = phone.enables(ana, "settings")
    journey.by = signed.signer("backend")
    await journey.leads_to(again, applied(), decided("re-enabled"))
    explained = await biolatch_beside(signed.servers, "explain", phone.device)
    listed = await biolatch_beside(
        *(signed.servers, "dead-letters", "list"),
        *("--code", MalformedCode.SIGNATURE_KEY_NOT_VALID),
    )
    _, _, refused = explained.partition("enrollment.withdrawn  settings  ana")
    first = refused.splitlines()[1].strip()
    assert first.startswith("! dead letter  signature.key_not_valid: the key is not valid")
    assert "the key is not valid at the record's time" in listed
    for said in (explained, listed):
        assert json.loads(signed.key("backend").read_text(encoding="utf-8"))["d"] not in said
