"""Leaving: erased, revoked, opted out; and what comes late and must not undo it."""

import pytest

from deploy.demo.script import accepted, applied, decided, noted, refused
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey, erased, revoked

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_erasure_then_replay(journey: Journey) -> None:
    phone, ana, jon = journey.phone(), Person("ana", "face"), Person("jon", "face")
    enrolling, enrolled_ms = phone.enables(ana, "settings"), journey.clock.now_ms()
    await journey.leads_to(enrolling, applied(), decided("enabled"), occurred_ms=enrolled_ms)
    await journey.enables(phone, jon)
    answer = await journey.leads_to(
        erased(phone, ana), applied(), decided("disabled", user_id="ana", reason="erased")
    )
    assert answer.state is not None
    assert set(answer.state["users"]) == {"jon"}
    # Somebody plays the old events again, under new ids: nobody comes back, and nobody is named.
    answer = await journey.leads_to(
        enrolling,
        refused("erased", "none"),
        occurred_ms=enrolled_ms,
    )
    assert answer.verdict is not None
    assert {"user_id", "login_id", "key_id"}.isdisjoint(answer.verdict.data)
    # The other one stays, and Ana may start anew.
    await journey.leads_to(phone.scans(jon, "matched"), accepted())
    await journey.enables(phone, ana)


async def test_erasure_of_a_whole_phone(journey: Journey) -> None:
    phone, ana, jon = journey.phone(), Person("ana", "face"), Person("jon", "face")
    before_ms = journey.clock.now_ms()
    await journey.enables(phone, ana)
    await journey.enables(phone, jon)
    answer = await journey.leads_to(
        erased(phone),
        applied(),
        decided("disabled", user_id="ana", reason="erased"),
        decided("disabled", user_id="jon", reason="erased"),
    )
    assert answer.state is None
    await journey.leads_to(
        phone.scans(jon, "matched"), refused("erased", "use_password"), occurred_ms=before_ms
    )
    answer = await journey.leads_to(
        phone.scans(jon, "matched"), refused("unknown_binding", "use_password")
    )
    assert answer.state is None


async def test_revocation(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    await journey.leads_to(
        revoked(phone, ana, allow_re_enable=True),
        applied(),
        decided("disabled", reason="admin", guidance="re_enable", reason_admin="lost"),
        state={"status": "disabled", "reason": "admin", "offer": "prompt"},
    )
    await journey.leads_to(
        phone.enables(ana, "settings"), applied(), decided("re-enabled", previous_reason="admin")
    )
    await journey.leads_to(
        revoked(phone, ana, allow_re_enable=False),
        applied(),
        decided("disabled", reason="admin", guidance="none", allow_re_enable=False),
        state={"status": "disabled", "offer": "none", "guidance": "none"},
    )
    await journey.leads_to(phone.enables(ana, "settings"), refused("revoked", "none"))
    # Even that ends with an erasure: it would otherwise keep the person's name for ever.
    await journey.leads_to(erased(phone, ana), applied())
    await journey.enables(phone, ana)


async def test_late_enrollment_cannot_undo_an_opt_out(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    late, late_ms = phone.enables(ana, "settings"), journey.clock.now_ms()
    await journey.leads_to(
        phone.withdraws(ana),
        applied(),
        decided("disabled", reason="user_request"),
        occurred_ms=late_ms,
    )
    await journey.leads_to(late, refused("superseded", "none"), occurred_ms=late_ms)
    # One that was made after it counts, and so does an opt-out of somebody who never opted in.
    await journey.leads_to(
        phone.enables(ana, "settings"),
        applied(),
        decided("re-enabled", previous_reason="user_request"),
        occurred_ms=late_ms + 1,
    )
    jon = Person("jon", "face")
    await journey.leads_to(phone.withdraws(jon), noted(), occurred_ms=late_ms)
    await journey.leads_to(
        phone.enables(jon, "settings"), refused("superseded", "none"), occurred_ms=late_ms
    )
