"""What the network and other programs do to events: sent twice, written otherwise, broken."""

import json
import uuid

import pytest

from deploy.demo.script import accepted, applied, decided, failed, refused
from deploy.demo.story.people import Person
from schemas.malformed import MalformedCode
from tests.journeys.commands import biolatch_beside
from tests.journeys.journey import Journey

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_retry_is_harmless(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    enabling, enabling_id = phone.enables(ana, "settings"), str(uuid.uuid4())
    await journey.leads_to(enabling, applied(), decided("enabled"), event_id=enabling_id)
    rejected, rejected_id = phone.scans(ana, "rejected"), str(uuid.uuid4())
    await journey.leads_to(rejected, failed(4), event_id=rejected_id)
    for event, event_id in ((rejected, rejected_id), (enabling, enabling_id)):
        for _ in range(2):
            await journey.leads_to(
                event,
                refused("duplicate", "none"),
                event_id=event_id,
                state={"status": "enabled"},
            )
    await journey.leads_to(phone.scans(ana, "rejected"), failed(3))


async def test_structured_mode(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.leads_to(
        phone.enables(ana, "settings"), applied(), decided("enabled"), structured=True
    )
    # The same backend may change its mind: the mode is no part of the event.
    scan, scan_id = phone.scans(ana, "matched"), str(uuid.uuid4())
    await journey.leads_to(scan, accepted(), event_id=scan_id)
    await journey.leads_to(scan, refused("duplicate", "none"), event_id=scan_id, structured=True)


async def test_dead_letter_does_not_stop_the_partition(journey: Journey, served_kafka: str) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    key = phone.device.encode()
    await journey.enables(phone, ana)
    broken = await journey.publish_raw(
        key, b'{"user_id": "ana"', [("content-type", b"application/cloudevents+json")]
    )
    nameless = await journey.publish_raw(key, b"{}", [])
    # Behind them on the same partition, life goes on.
    await journey.leads_to(phone.scans(ana, "matched"), accepted())
    listed = json.loads(await biolatch_beside(served_kafka, "dead-letters", "list", "--json"))
    letters = {
        (letter["original_partition"], letter["original_offset"]): letter["code"]
        for letter in listed["letters"]
    }
    assert letters[broken.partition, broken.offset] == MalformedCode.NOT_JSON
    assert letters[nameless.partition, nameless.offset] == MalformedCode.ATTRIBUTE_MISSING
