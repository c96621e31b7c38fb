"""Two people on one phone: their own yes, failures and keys, but one set of faces and fingers."""

import pytest

from deploy.demo.script import accepted, applied, decided, failed, not_counted, refused
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_two_users_on_one_phone(journey: Journey) -> None:
    phone, ana, jon = journey.phone(), Person("ana", "face"), Person("jon", "fingerprint")
    await journey.enables(phone, ana)
    await journey.enables(phone, jon)
    # Failures, fallbacks and a no are one's own.
    for attempts_left in (4, 3):
        await journey.leads_to(phone.scans(ana, "rejected"), failed(attempts_left))
    await journey.leads_to(phone.scans(jon, "rejected"), failed(4))
    await journey.leads_to(
        phone.scans(ana, "locked_timed"),
        not_counted(),
        decided("fallback-required", user_id="ana", prompt_label="Face ID"),
    )
    await journey.leads_to(phone.scans(jon, "matched"), accepted(user_id="jon"))
    await journey.leads_to(phone.withdraws(ana), applied(), decided("disabled", user_id="ana"))
    answer = await journey.leads_to(phone.scans(jon, "matched"), accepted())
    assert answer.state is not None
    statuses = {name: user["status"] for name, user in answer.state["users"].items()}
    assert statuses == {"ana": "disabled", "jon": "enabled"}
    # The set of faces and fingers is everybody's: a change ends the trust of whoever still has it.
    await journey.leads_to(
        phone.changes("added"),
        applied(),
        decided("disabled", user_id="jon", reason="biometrics_changed"),
    )
    await journey.leads_to(phone.enables(jon, "settings"), applied(), decided("re-enabled"))
    answer = await journey.leads_to(
        phone.scans(ana, "matched"), refused("disabled", "use_password")
    )
    assert answer.state is not None
    assert answer.state["users"]["ana"]["reason"] == "user_request"


async def test_key_of_another_user(journey: Journey) -> None:
    phone, ana, jon = journey.phone(), Person("ana", "face"), Person("jon", "face")
    await journey.enables(phone, ana)
    await journey.enables(phone, jon)
    event = phone.scans(jon, "matched")
    stolen = {**event.data, "user_id": "ana"}
    event = type(event)(event.name, event.device, stolen)
    await journey.leads_to(event, refused("unknown_key", "use_password"))
