"""Under which key a device signature is looked at, and where none is."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from msgspec.structs import replace

from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE, DeviceState, point_of
from agents.device_rows import encode_row
from agents.device_signatures import DeviceSignatures
from agents.devices import DevicesAgent
from agents.lane.port import InputRecord, Partition
from agents.preparation import PreparedRecord
from agents.verification_processes import VerificationProcesses
from deploy.device_signer import DeviceSigner
from events.errors import MalformedInput
from events.facts import AnyFactData, EnrollmentSubmitted, Fact
from tests.unit.signed_events import (
    ATTEMPT,
    DEVICE,
    NOW_S,
    OTHER,
    PHONE,
    REQUIRED,
    attempt,
    enrollment,
    fact_of,
    point,
    record_of,
    row_with,
    verified,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "device_signatures"
PARTITION = Partition("biolatch.device-events", 0)


def test_another_key_or_none_is_refused() -> None:
    assert verified(attempt(), row=row_with(OTHER)) is None
    assert verified(attempt(), row=UNKNOWN_DEVICE) is None
    without = replace(row_with(PHONE).users[0], public_key=None)
    assert verified(attempt(), row=DeviceState(users=(without,))) is None


@pytest.mark.parametrize(
    "public_key",
    [
        None,
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": PHONE.public_key["x"]},
        {**PHONE.public_key, "x": "A" * 43},
        {**PHONE.public_key, "y": PHONE.public_key["y"][:-1]},
        {**PHONE.public_key, "x": "AA" + PHONE.public_key["x"]},
    ],
)
def test_a_key_that_is_no_point_of_the_curve_proves_nothing(public_key: object) -> None:
    assert verified(enrollment(public_key=public_key)) is None


def test_a_key_that_the_row_got_within_the_batch_counts() -> None:
    later = attempt()
    assert verified(later, row=UNKNOWN_DEVICE, row_then=row_with(PHONE)) is not None
    assert verified(later, row=row_with(OTHER), row_then=row_with(PHONE)) is not None
    assert verified(later, row=row_with(PHONE), row_then=row_with(OTHER)) is None


def test_the_key_of_an_enrollment_in_the_batch_is_tried_ahead() -> None:
    trials = DeviceSignatures(REQUIRED).trials([enrollment(), attempt()], lambda _: row_with(OTHER))
    assert [(each.place, each.point) for each in trials] == [
        (place, row_with(PHONE).users[0].public_key) for place in (0, 1)
    ]


@pytest.mark.parametrize(
    ("policy", "looked_at"),
    [
        (Policy(version="2", device_signatures_by_platform={"android": "required"}), 0),
        (Policy(version="2", device_signatures_by_platform={"ios": "required"}), 2),
        (
            Policy(
                version="2",
                device_signatures="required",
                device_signatures_by_platform={"ios": "off"},
            ),
            0,
        ),
    ],
)
def test_nothing_is_verified_where_nothing_is_required(policy: Policy, looked_at: int) -> None:
    signatures = DeviceSignatures(policy)
    facts: list[Fact | MalformedInput] = [enrollment(), attempt(), MalformedInput("x", "y")]
    assert len(signatures.trials(facts, lambda _: row_with(PHONE))) == looked_at
    found = signatures.signature(attempt(), row_with(PHONE), None)
    assert (found is not None) == (looked_at > 0)


@pytest.mark.parametrize("processes", [0, 2])
def test_where_they_are_verified_changes_nothing(processes: int) -> None:
    records = []
    for number in range(40):
        event_id = f"event-{number}"
        signer = OTHER if number % 3 == 0 else PHONE
        data = signer.signed_attempt(
            DEVICE, event_id, {**ATTEMPT, "seq": number + 1}, challenge="c", issued_s=NOW_S
        )
        records.append(record_of("attempt.finished", data, event_id=event_id, offset=number + 1))
    rows = {DEVICE.encode(): encode_row(row_with(PHONE))}

    async def prepared(agent: DevicesAgent) -> Sequence[InputRecord]:
        preparing = agent.prepare(rows, records)
        assert preparing is not None
        return await preparing

    with closing(VerificationProcesses(processes)) as pool:
        agent = DevicesAgent(REQUIRED, processes=pool)
        ahead = asyncio.run(prepared(agent))
    found = [
        each.tried.is_right for each in ahead if isinstance(each, PreparedRecord) and each.tried
    ]
    assert found == [number % 3 != 0 for number in range(40)]
    assert agent(PARTITION, rows, ahead) == agent(PARTITION, rows, records)


@pytest.mark.parametrize("name", ["attempt", "enrollment"])
def test_the_examples_of_the_contract_are_signed_as_it_says(name: str) -> None:
    """Checked by jwcrypto, which signed nothing here, and by the product."""
    example = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    event = example["event"]
    jws = JWS()
    public = JWK(**{part: example["private_key"][part] for part in ("kty", "crv", "x", "y")})
    jws.deserialize(event["data"]["device_signature"], public, alg="ES256")
    assert json.loads(jws.payload) == example["payload"]
    assert json.loads(jws.objects["protected"]) == example["header"]

    kind = event["type"].removeprefix("biolatch.").removesuffix(".v1")
    fact = fact_of(kind, event["data"], event_id=event["id"])
    assert fact.device_id == event["subject"]
    data: AnyFactData = fact.data
    key = point_of(data.public_key) if isinstance(data, EnrollmentSubmitted) else None
    signer = DeviceSigner(example["private_key"])
    assert key in (None, point(signer))
    found = verified(fact, row=row_with(signer))
    assert found == VerifiedSignature(point(signer), example["payload"]["iat"] * 1000)
    if name == "enrollment":
        assert example["payload"]["jkt"] == public.thumbprint()
