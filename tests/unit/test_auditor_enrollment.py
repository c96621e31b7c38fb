"""The model's rules 1 to 9 and the other enrollment events, one example each or more."""

import pytest

from tests.auditor.scenario import (
    START,
    Scenario,
    attempt,
    changed,
    dated,
    declined,
    erased,
    named,
    revoked,
    submitted,
    withdrawn,
)
from tests.auditor.times import DAY, HOUR, MINUTE, SECOND, write_time


def enabled_ann() -> Scenario:
    return Scenario().given(submitted("ann", "key-1"))


def test_rule_1_the_same_source_and_id_again() -> None:
    enabled_ann().given(named(attempt("ann", "rejected", 1), "once")).when(
        named(attempt("ann", "rejected", 2), "once")
    ).then("refused duplicate", guidance="none")


def test_rule_1_a_refused_event_may_come_again() -> None:
    early = named(attempt("ann", "matched", 1), "early")
    (
        Scenario()
        .when(early)
        .then("refused unknown_binding")
        .given(submitted("ann", "key-1"))
        .when(early)
        .then("accepted")
    )


def test_rule_1_comes_before_rule_2() -> None:
    event = named(submitted("ann", "key-1"), "same")
    Scenario().given(event, erased("ann")).when(dated(event, START)).then("refused duplicate")


def test_rule_2_nothing_from_before_the_erasure_of_a_user() -> None:
    scenario = enabled_ann().given(erased("ann"))
    mark = scenario.now
    scenario.when(dated(attempt("ann", "rejected", 1, scans=2), mark)).then(
        "refused erased", outcome="rejected", place="sign_in", scans=2, guidance="use_password"
    )
    assert not {"user_id", "login_id", "platform", "method"} & scenario.verdict.keys()
    scenario.when(dated(submitted("ann", "key-2"), mark)).then(
        "refused erased", platform="ios", method="face", channel="settings"
    )
    scenario.when(dated(submitted("ann", "key-1"), mark + 1)).then("applied", "enabled() ann")


def test_rule_2_nothing_from_before_the_erasure_of_the_device() -> None:
    scenario = enabled_ann().given(erased())
    mark = scenario.now
    scenario.when(dated(changed(2), mark)).then("refused erased")
    scenario.when(dated(erased(), mark)).then("refused erased")
    scenario.when(dated(changed(2), mark + 1)).then("applied")


@pytest.mark.parametrize("os_biometrics", ["not_set_up", "unavailable"])
def test_rule_3_the_settings_of_the_device_first(os_biometrics: str) -> None:
    Scenario().when(submitted("ann", "key-1", os_biometrics=os_biometrics)).then(
        "refused os_biometrics_not_ready", guidance="open_device_settings"
    )


def test_rule_4_an_epoch_from_before() -> None:
    Scenario().given(changed(5)).when(submitted("ann", "key-1", bio_epoch=4)).then(
        "refused stale_epoch", bio_epoch=5, guidance="none"
    )


@pytest.mark.parametrize(
    ("age", "is_fresh"),
    [
        (20 * MINUTE, True),
        (20 * MINUTE + 1, False),
        (-5 * MINUTE, True),
        (-5 * MINUTE - 1, False),
    ],
)
def test_rule_5_the_password_is_fresh(age: int, *, is_fresh: bool) -> None:
    verified = write_time(START + HOUR - age)
    scenario = Scenario().after(HOUR).when(submitted("ann", "k", password_verified_at=verified))
    if is_fresh:
        scenario.then("applied", "enabled() ann", guidance="none")
    else:
        scenario.then("refused password_too_old", guidance="use_password")


def test_rule_5_the_password_is_later_than_the_last_change() -> None:
    scenario = Scenario().given(changed(1))
    at_change, later = write_time(scenario.now), write_time(scenario.now + 1)
    scenario.when(submitted("ann", "k", password_verified_at=at_change)).then(
        "refused password_too_old"
    )
    scenario.when(submitted("ann", "k", password_verified_at=later)).then(
        "applied", "enabled() ann"
    )


def test_rule_5_the_password_is_later_than_the_disabling_unless_the_user_asked_for_it() -> None:
    scenario = enabled_ann().given(revoked("ann", allow_re_enable=True))
    disabled_at = write_time(scenario.now)
    scenario.when(submitted("ann", "key-2", password_verified_at=disabled_at)).then(
        "refused password_too_old"
    )
    scenario = enabled_ann().given(withdrawn("ann"))
    disabled_at = write_time(scenario.now)
    scenario.when(submitted("ann", "key-2", password_verified_at=disabled_at)).then(
        "applied", "re-enabled(user_request) ann"
    )


def test_rule_6_every_enabling_makes_a_new_key() -> None:
    scenario = enabled_ann().given(submitted("ann", "key-2"))
    for key_id in ("key-1", "key-2"):
        scenario.when(submitted("ann", key_id)).then("refused key_reused")
        scenario.when(submitted("bob", key_id)).then("refused key_reused")


def test_rule_7_revoked_for_good() -> None:
    scenario = enabled_ann().given(revoked("ann", allow_re_enable=False))
    scenario.when(submitted("ann", "key-2")).then("refused revoked")
    scenario.when(attempt("ann", "matched", 1)).then("refused disabled")
    scenario.given(revoked("ann", allow_re_enable=True))
    scenario.when(submitted("ann", "key-2")).then("applied", "re-enabled(admin) ann")


def test_rule_7_a_late_enrollment_cannot_undo_an_opt_out() -> None:
    scenario = enabled_ann().given(withdrawn("ann"))
    lowered = scenario.now
    scenario.when(dated(submitted("ann", "key-2"), lowered)).then("refused superseded")
    scenario.when(dated(submitted("ann", "key-2"), lowered + 1)).then(
        "applied", "re-enabled(user_request) ann"
    )


def test_rule_7_an_opt_out_dated_in_the_future_counts_from_now() -> None:
    scenario = Scenario().given(dated(withdrawn("ann"), START + DAY))
    scenario.when(submitted("ann", "key-1")).then("applied", "enabled() ann")


def test_rule_8_the_first_epoch_is_just_taken() -> None:
    enabled_ann().state("ann", status="enabled")
    scenario = Scenario().when(submitted("ann", "key-1", bio_epoch=9))
    scenario.then("applied", "enabled() ann")
    assert scenario.public_state()["bio_epoch"] == 9


def test_rule_8_a_higher_epoch_is_a_change_for_everybody() -> None:
    scenario = Scenario().given(
        submitted("bob", "key-b"), submitted("ann", "key-a"), submitted("cem", "key-c")
    )
    scenario.when(submitted("bob", "key-b2", bio_epoch=2)).then(
        "applied",
        "disabled(biometrics_changed) bob",
        "disabled(biometrics_changed) ann",
        "disabled(biometrics_changed) cem",
        "re-enabled(biometrics_changed) bob",
    )
    assert scenario.decision(1)["key_id"] == "key-b"
    assert scenario.decision(4)["key_id"] == "key-b2"


def test_rule_9_a_new_key_begins_anew_but_advice_stays() -> None:
    scenario = enabled_ann()
    for seq in (1, 2, 3, 4):
        scenario.given(attempt("ann", "rejected", seq))
    scenario.given(submitted("ann", "key-2"))
    scenario.when(attempt("ann", "rejected", 1, key_id="key-2")).then("failed", attempts_left=4)
    scenario.when(attempt("ann", "matched", 5)).then("refused unknown_key")


def test_rule_9_enabling_ends_a_fallback() -> None:
    scenario = enabled_ann().given(attempt("ann", "locked_timed", 1))
    scenario.when(submitted("ann", "key-2")).then("applied", "enabled() ann")
    scenario.state(
        "ann", status="enabled", reason=None, since=write_time(scenario.now), fallback_login_id=None
    )


def test_declined_by_a_live_user_changes_nothing() -> None:
    enabled_ann().when(declined("ann")).then("noted").state("ann", prompt_not_before=None)


def test_declined_by_a_new_user_leaves_only_the_settings_for_30_days() -> None:
    scenario = Scenario().when(declined("ann")).then("noted", channel="login_prompt")
    scenario.state(
        "ann",
        status="absent",
        since=None,
        reason=None,
        guidance="none",
        offer="settings_only",
        prompt_not_before=write_time(scenario.now + 30 * DAY),
        prompt_label=None,
    )
    scenario.given(submitted("ann", "key-1")).state("ann", offer="none", prompt_not_before=None)


def test_declined_by_a_disabled_user_holds_back_the_guidance_for_30_days() -> None:
    scenario = enabled_ann().given(changed(2)).given(declined("ann"))
    late = attempt("ann", "matched", 1, bio_epoch=2)
    scenario.state("ann", offer="settings_only", guidance="re_enable")
    scenario.after(30 * DAY - 1).when(late).then("refused disabled")
    scenario.after(1).when(late).then(
        "refused disabled", "re-enable-required(biometrics_changed) ann"
    )


def test_withdrawn_at_any_time_no_questions_asked() -> None:
    scenario = enabled_ann().when(withdrawn("ann")).then("applied", "disabled(user_request) ann")
    assert scenario.decision()["guidance"] == "none"
    scenario.state("ann", reason="user_request", guidance="none", offer="settings_only")
    Scenario().when(withdrawn("ann")).then("noted").state("ann", status="absent")


def test_withdrawn_by_a_disabled_user_moves_the_reason_but_not_the_time() -> None:
    scenario = enabled_ann().given(changed(2))
    since = write_time(scenario.now)
    scenario.when(withdrawn("ann")).then("applied")
    scenario.state("ann", reason="user_request", since=since)
    for_good = enabled_ann().given(revoked("ann", allow_re_enable=False))
    for_good.when(withdrawn("ann")).then("applied").state("ann", reason="admin", offer="none")


def test_revoked_tells_the_reason_of_the_administrator() -> None:
    scenario = enabled_ann().when(revoked("ann", allow_re_enable=True))
    scenario.then("applied", "disabled(admin) ann")
    decision = scenario.decision()
    assert (decision["reason_admin"], decision["allow_re_enable"]) == ("lost phone", True)
    assert decision["guidance"] == "re_enable"
    scenario.state("ann", guidance="re_enable", offer="prompt")
    scenario = enabled_ann().when(revoked("ann", allow_re_enable=False))
    assert scenario.decision()["guidance"] == "none"
    scenario.state("ann", guidance="none", offer="none")


def test_revoked_without_a_decision_for_an_unknown_or_disabled_user() -> None:
    scenario = Scenario().when(revoked("ann", allow_re_enable=False)).then("applied")
    scenario.state("ann", status="disabled", reason="admin", since=write_time(scenario.now))
    asked = enabled_ann().given(withdrawn("ann"))
    asked.when(revoked("ann", allow_re_enable=True)).then("applied")
    asked.state("ann", reason="user_request")
    asked.when(revoked("ann", allow_re_enable=False)).then("applied").state("ann", reason="admin")


def test_revoked_is_an_opt_out_like_a_withdrawal() -> None:
    scenario = enabled_ann().given(revoked("ann", allow_re_enable=True))
    scenario.after(SECOND).when(dated(submitted("ann", "key-2"), scenario.now - SECOND)).then(
        "refused superseded"
    )
