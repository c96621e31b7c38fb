"""Good days and bad days of logging in: scans that fail, the password behind them, and advice."""

import pytest

from deploy.demo.script import (
    PRESENT,
    accepted,
    applied,
    decided,
    failed,
    not_counted,
    refused,
)
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCANS_MAX = 5


async def test_several_scans(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "fingerprint")
    await journey.enables(phone, ana)
    for _ in range(2):
        outcomes = ("cancelled_user", "cancelled_system", "timeout", "cancelled_user")
        for attempts_left, outcome in zip((4, 3, 2, 1), outcomes, strict=True):
            await journey.leads_to(phone.scans(ana, "rejected", scans=3), failed(attempts_left))
            await journey.leads_to(phone.scans(ana, outcome), not_counted())
        # A match, or the password, and all scans are there again.
        await journey.leads_to(phone.scans(ana, "matched"), accepted(), state={"status": "enabled"})


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("locked_timed", "device_locked"),
        ("locked_until_credential", "device_locked"),
        ("fallback_chosen", "user_choice"),
        ("unavailable", "sensor_unavailable"),
    ],
)
async def test_password_backup_by_outcome(journey: Journey, outcome: str, reason: str) -> None:
    phone, ana = journey.phone(), Person("ana", "fingerprint")
    await journey.enables(phone, ana)
    await journey.leads_to(
        phone.scans(ana, outcome),
        not_counted(),
        decided("fallback-required", reason=reason, guidance="use_password", wait_until=None),
        state={"status": "fallback", "reason": reason, "guidance": "use_password"},
    )


async def test_password_backup(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "fingerprint")
    await journey.enables(phone, ana)
    for attempts_left in (4, 3, 2, 1):
        await journey.leads_to(phone.scans(ana, "rejected"), failed(attempts_left))
    answer = await journey.leads_to(
        phone.scans(ana, "rejected"),
        failed(0),
        decided("fallback-required", reason="too_many_failures", guidance="use_password"),
        state={"status": "fallback", "fallback_login_id": ana.login_id, "wait_until": PRESENT},
    )
    assert answer.decisions[0].data["wait_until"] == journey.text_after(seconds=30)
    await journey.leads_to(phone.scans(ana, "matched"), refused("fallback_active", "use_password"))
    await journey.leads_to(
        phone.accepts_password(ana),
        applied(),
        decided("rearmed", reason="password"),
        state={"status": "enabled", "wait_until": None, "fallback_login_id": None},
    )
    await journey.leads_to(phone.scans(ana, "matched"), accepted())


async def test_usable_next_login(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    await journey.leads_to(
        phone.scans(ana, "fallback_chosen"),
        not_counted(),
        decided("fallback-required", reason="user_choice"),
        state={"status": "fallback", "fallback_login_id": ana.login_id},
    )
    await journey.leads_to(
        phone.scans(ana, "matched", "protected_page"),
        refused("fallback_active", "use_password"),
    )
    ana.logs_in_again()
    await journey.leads_to(
        phone.scans(ana, "matched"),
        accepted(login_id=ana.login_id),
        decided("rearmed", reason="next_login", guidance="none"),
        state={"status": "enabled", "reason": None, "fallback_login_id": None},
    )


async def test_frequent_failure_advice(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "fingerprint")
    locked = decided("fallback-required", reason="device_locked")
    rearmed = decided("rearmed", reason="next_login")
    advised = decided("refresh-advised", guidance="refresh_biometrics", prompt_label="Touch ID")
    await journey.enables(phone, ana)
    await journey.leads_to(phone.scans(ana, "locked_timed"), not_counted(), locked)
    # Who simply prefers the password has no trouble; who does so after failures has.
    ana.logs_in_again()
    chosen = decided("fallback-required", reason="user_choice")
    await journey.leads_to(phone.scans(ana, "fallback_chosen"), not_counted(), rearmed, chosen)
    ana.logs_in_again()
    await journey.leads_to(phone.scans(ana, "rejected"), failed(4), rearmed)
    await journey.leads_to(phone.scans(ana, "fallback_chosen"), not_counted(), chosen)
    ana.logs_in_again()
    await journey.leads_to(
        phone.scans(ana, "locked_until_credential"), not_counted(), rearmed, locked, advised
    )
    # Once a week is enough.
    ana.logs_in_again()
    await journey.leads_to(phone.scans(ana, "locked_timed"), not_counted(), rearmed, locked)
