"""Half a minute, a week, a month: what passes with time, on a topic whose publishers choose it."""

import pytest

from deploy.demo.script import (
    SecondsAgo,
    accepted,
    applied,
    decided,
    failed,
    not_counted,
    noted,
    refused,
)
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey, MovedTime

pytestmark = pytest.mark.asyncio(loop_scope="module")

A_MILLISECOND = {"milliseconds": 1}


async def test_wait_after_too_many_failures(moved_journey: Journey, moved_time: MovedTime) -> None:
    journey, phone, ana = moved_journey, moved_journey.phone(), Person("ana", "face")
    rearmed = decided("rearmed", reason="next_login")
    await journey.enables(phone, ana)
    for wait_s, rearming in ((30, ()), (60, (rearmed,)), (120, (rearmed,))):
        await journey.leads_to(phone.scans(ana, "rejected"), failed(4), *rearming)
        for attempts_left in (3, 2, 1):
            await journey.leads_to(phone.scans(ana, "rejected"), failed(attempts_left))
        answer = await journey.leads_to(
            phone.scans(ana, "rejected"),
            failed(0),
            decided("fallback-required", reason="too_many_failures"),
            *([decided("refresh-advised")] if wait_s == 120 else []),
        )
        assert answer.decisions[0].data["wait_until"] == journey.text_after(seconds=wait_s)
        ana.logs_in_again()
        moved_time.passes(seconds=wait_s)
        moved_time.passes(milliseconds=-1)
        await journey.leads_to(phone.scans(ana, "matched"), refused("wait", "use_password"))
        moved_time.passes(**A_MILLISECOND)
    # A match ends the series: the next wait is a short one again.
    await journey.leads_to(phone.scans(ana, "matched"), accepted(), rearmed)


async def test_pause_after_a_declined_prompt(moved_journey: Journey, moved_time: MovedTime) -> None:
    journey, phone, ana = moved_journey, moved_journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    await journey.leads_to(phone.changes("added"), applied(), decided("disabled"))
    answer = await journey.leads_to(
        phone.declines(ana, "login_prompt"), noted(), state={"offer": "settings_only"}
    )
    assert answer.state is not None
    assert answer.state["users"]["ana"]["prompt_not_before"] == journey.text_after(days=30)
    ana.logs_in_again()
    moved_time.passes(days=30, milliseconds=-1)
    await journey.leads_to(phone.scans(ana, "matched"), refused("disabled", "use_password"))
    ana.logs_in_again()
    moved_time.passes(**A_MILLISECOND)
    await journey.leads_to(
        phone.scans(ana, "matched"),
        refused("disabled", "use_password"),
        decided("re-enable-required", reason="biometrics_changed", guidance="re_enable"),
    )


async def test_advice_counts_a_week(moved_journey: Journey, moved_time: MovedTime) -> None:
    journey, phone, ana = moved_journey, moved_journey.phone(), Person("ana", "face")
    locked = decided("fallback-required", reason="device_locked")
    rearmed = decided("rearmed", reason="next_login")
    advised = decided("refresh-advised", guidance="refresh_biometrics")
    await journey.enables(phone, ana)
    await journey.leads_to(phone.scans(ana, "locked_timed"), not_counted(), locked)
    for passing_days, advice in (
        (3, ()),
        (4, ()),  # the first is exactly a week old: not counted any more
        (2, (advised,)),  # the second, third and fourth
        (1, ()),  # often enough, but the advice was given yesterday
        (3, ()),
        (3, (advised,)),  # a week after it
    ):
        ana.logs_in_again()
        moved_time.passes(days=passing_days)
        await journey.leads_to(
            phone.scans(ana, "locked_timed"), not_counted(), rearmed, locked, *advice
        )


async def test_password_of_the_last_twenty_minutes(moved_journey: Journey) -> None:
    journey, phone, ana = moved_journey, moved_journey.phone(), Person("ana", "face")
    await journey.leads_to(
        phone.enables(ana, "settings", password_verified=SecondsAgo(20 * 60 + 1)),
        refused("password_too_old", "use_password"),
    )
    await journey.leads_to(
        phone.enables(ana, "settings", password_verified=SecondsAgo(20 * 60)),
        applied(),
        decided("enabled"),
    )
