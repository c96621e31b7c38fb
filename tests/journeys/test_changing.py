"""Another face, another finger: what was trusted is not trusted any more, and how trust returns."""

import pytest

from deploy.demo.script import SecondsAgo, accepted, applied, decided, refused
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey, with_data

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGED = {"reason": "biometrics_changed", "guidance": "re_enable"}


@pytest.mark.parametrize(
    ("change", "reason", "guidance", "offer"),
    [
        ("added", "biometrics_changed", "re_enable", "prompt"),
        ("removed", "biometrics_changed", "re_enable", "prompt"),
        ("replaced", "biometrics_changed", "re_enable", "prompt"),
        ("unknown", "biometrics_changed", "re_enable", "prompt"),
        (
            "all_removed",
            "os_biometrics_removed",
            "open_device_settings",
            "device_settings_first",
        ),
    ],
)
async def test_change_disables(
    journey: Journey, change: str, reason: str, guidance: str, offer: str
) -> None:
    phone, jon, ana = journey.phone(), Person("jon", "face"), Person("ana", "face")
    await journey.enables(phone, jon)
    await journey.enables(phone, ana)
    answer = await journey.leads_to(
        phone.changes(change),
        applied(),
        decided("disabled", user_id="ana", reason=reason, guidance=guidance, bio_epoch=2),
        decided("disabled", user_id="jon", reason=reason, guidance=guidance, bio_epoch=2),
    )
    assert answer.state is not None
    for user in ("ana", "jon"):
        assert answer.state["users"][user]["status"] == "disabled"
        assert answer.state["users"][user]["offer"] == offer


async def test_change_detected_at_login(journey: Journey) -> None:
    for found_by in ("matched", "set_changed"):
        phone, ana = journey.phone(), Person("ana", "face")
        await journey.enables(phone, ana)
        if found_by == "matched":
            phone.epoch += 1  # else the app has not counted yet, and the key says it
        ana.logs_in_again()
        await journey.leads_to(
            phone.scans(ana, found_by),
            refused("biometrics_changed", "use_password"),
            decided("disabled", login_id=ana.login_id, **CHANGED),
            decided("re-enable-required", login_id=ana.login_id, **CHANGED),
            state={"status": "disabled", "reason": "biometrics_changed", "offer": "prompt"},
        )
        # Guided once in a login, and again in the next.
        await journey.leads_to(phone.scans(ana, "matched"), refused("disabled", "use_password"))
        ana.logs_in_again()
        await journey.leads_to(
            phone.scans(ana, "matched"),
            refused("disabled", "use_password"),
            decided("re-enable-required", **CHANGED),
        )


async def test_guided_re_enable(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    old_key = ana.key_id
    await journey.leads_to(phone.changes("replaced"), applied(), decided("disabled", **CHANGED))
    ana.logs_in_again()
    await journey.leads_to(
        phone.scans(ana, "matched"),
        refused("disabled", "use_password"),
        decided("re-enable-required", login_id=ana.login_id, **CHANGED),
    )
    await journey.leads_to(
        phone.enables(ana, "login_prompt", password_verified=SecondsAgo(60)),
        refused("password_too_old", "use_password"),
    )
    await journey.leads_to(
        with_data(phone.enables(ana, "login_prompt"), key_id=old_key),
        refused("key_reused", "none"),
    )
    await journey.leads_to(
        phone.enables(ana, "login_prompt"),
        applied(),
        decided("re-enabled", previous_reason="biometrics_changed", key_id=ana.key_id),
        state={"status": "enabled", "reason": None, "offer": "none", "guidance": "none"},
    )
    # The old key opens nothing, the new one does.
    await journey.leads_to(
        with_data(phone.scans(ana, "matched"), key_id=old_key),
        refused("unknown_key", "use_password"),
    )
    await journey.leads_to(phone.scans(ana, "matched"), accepted())
