"""Shared signals: from what a phone reports to what another system is told, over every process."""

from pathlib import Path

import pytest

from deploy.demo.script import applied, decided
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey
from tests.signals.http_client import CAEP, PUSH
from tests.signals.receiver import Receiver, listening, verified
from tests.signals.token_server import ISSUER
from tests.signals.transmitter import Installation, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_change_of_biometrics_reaches_another_system_as_signed_events(
    journey: Journey, served_kafka: str, tmp_path: Path
) -> None:
    phone, person = journey.phone(), Person(f"ada-{journey.name}", "face")
    with listening(Receiver()) as receiver:
        origins = {"BIOLATCH_SIGNALS__PUSH_ORIGINS": f'["{receiver.origin}"]'}
        installation = Installation(served_kafka, tmp_path, origins)
        with installation.process() as process:
            async with client_of(process, installation) as client:
                endpoint = {"method": PUSH, "endpoint_url": f"{receiver.origin}/events"}
                await client.create(delivery=endpoint, subject_format="complex")
                await journey.enables(phone, person)
                await journey.leads_to(
                    phone.changes("replaced"),
                    applied(),
                    decided("disabled", reason="biometrics_changed"),
                )
                await receiver.until(lambda: len(receiver.about(person.user)) == 3)
                keys = await client.keys()
    told = [
        verified(each.token, keys, issuer=ISSUER, audience="receiver-1")
        for each in receiver.accepted
        if person.user in str(each.claims()["sub_id"])
    ]
    assert [name for each in told for name in each["events"]] == [
        CAEP + "credential-change",
        CAEP + "credential-change",
        CAEP + "session-revoked",
    ]
    enabled, disabled, revoked = (next(iter(each["events"].values())) for each in told)
    assert (enabled["change_type"], disabled["change_type"]) == ("create", "revoke")
    assert enabled["friendly_name"] == "Face ID"
    assert revoked["reason_admin"]["en"]
    assert told[1]["txn"] == told[2]["txn"] != told[0]["txn"]
    assert told[2]["sub_id"]["device"] == {"format": "opaque", "id": phone.device}
