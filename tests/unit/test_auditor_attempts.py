"""The model's rules 10 to 19: attempts, one example each or more."""

import pytest

from tests.auditor.scenario import (
    Scenario,
    attempt,
    changed,
    revoked,
    submitted,
    withdrawn,
)
from tests.auditor.times import HOUR, SECOND, write_time


def enabled_ann() -> Scenario:
    return Scenario().given(submitted("ann", "key-1"))


def five_rejections(scenario: Scenario, first_seq: int, login_id: str) -> Scenario:
    for seq in range(first_seq, first_seq + 5):
        scenario.when(attempt("ann", "rejected", seq, login_id=login_id))
    return scenario


def test_rule_10_nobody_has_enabled_this() -> None:
    Scenario().when(attempt("ann", "matched", 1)).then(
        "refused unknown_binding", guidance="use_password"
    )
    Scenario().given(withdrawn("ann")).when(attempt("ann", "matched", 1)).then(
        "refused unknown_binding"
    )


def test_rule_11_the_next_login_detects_a_change() -> None:
    scenario = enabled_ann().given(submitted("abe", "key-2"))
    scenario.when(attempt("ann", "matched", 1, bio_epoch=2)).then(
        "refused biometrics_changed",
        "disabled(biometrics_changed) ann",
        "disabled(biometrics_changed) abe",
        "re-enable-required(biometrics_changed) ann",
        guidance="use_password",
    )
    assert scenario.decision(3)["guidance"] == "re_enable"
    assert scenario.decision(1)["login_id"] == "login-1"
    assert "login_id" not in scenario.decision(2)
    assert scenario.decision(2)["bio_epoch"] == 2


def test_rule_11_the_phone_itself_says_that_the_set_has_changed() -> None:
    enabled_ann().when(attempt("ann", "set_changed", 1)).then(
        "refused biometrics_changed",
        "disabled(biometrics_changed) ann",
        "re-enable-required(biometrics_changed) ann",
    )
    enabled_ann().when(attempt("ann", "set_changed", 1, key_id="other")).then("refused unknown_key")
    Scenario().given(submitted("ann", "key-1", bio_epoch=2)).when(
        attempt("ann", "set_changed", 1)
    ).then("refused stale_epoch", bio_epoch=2)


def test_rule_11b_a_change_moves_the_reason_of_those_disabled_by_biometrics() -> None:
    scenario = enabled_ann().given(changed(2, change="all_removed"))
    scenario.state("ann", reason="os_biometrics_removed", offer="device_settings_first")
    scenario.when(changed(3)).then("applied").state("ann", reason="biometrics_changed")
    scenario.given(withdrawn("ann")).when(changed(4)).state("ann", reason="user_request")


def test_rule_12_guided_once_per_login() -> None:
    scenario = enabled_ann().given(changed(2))
    wanted = "re-enable-required(biometrics_changed) ann"
    scenario.when(attempt("ann", "matched", 1, bio_epoch=2)).then("refused disabled", wanted)
    scenario.when(attempt("ann", "matched", 2, bio_epoch=2)).then("refused disabled")
    scenario.when(attempt("ann", "matched", 3, bio_epoch=2, login_id="login-2")).then(
        "refused disabled", wanted
    )


def test_rule_12_those_who_asked_for_it_or_may_not_are_not_guided() -> None:
    enabled_ann().given(withdrawn("ann")).when(attempt("ann", "matched", 1)).then(
        "refused disabled"
    )
    revoked_for_good = enabled_ann().given(revoked("ann", allow_re_enable=False))
    revoked_for_good.when(attempt("ann", "matched", 1)).then("refused disabled")


def test_rule_12_the_settings_of_the_device_first() -> None:
    scenario = enabled_ann().given(changed(2, change="all_removed"))
    scenario.when(attempt("ann", "matched", 1, bio_epoch=2)).then(
        "refused disabled", "re-enable-required(os_biometrics_removed) ann"
    )
    assert scenario.decision()["guidance"] == "open_device_settings"


def test_rules_13_to_15_epoch_then_key_then_number() -> None:
    scenario = Scenario().given(submitted("ann", "key-1", bio_epoch=2))
    scenario.when(attempt("ann", "matched", 1, key_id="old")).then("refused stale_epoch")
    scenario.when(attempt("ann", "matched", 1, key_id="old", bio_epoch=2)).then(
        "refused unknown_key"
    )
    scenario.when(attempt("ann", "matched", 7, bio_epoch=2)).then("accepted")
    scenario.when(attempt("ann", "matched", 7, bio_epoch=2)).then("refused replayed")


def test_rule_15_the_number_is_taken_even_if_the_attempt_is_refused_afterwards() -> None:
    scenario = enabled_ann().given(attempt("ann", "locked_timed", 1))
    scenario.when(attempt("ann", "matched", 9)).then("refused fallback_active")
    scenario.when(attempt("ann", "matched", 9, login_id="login-2")).then("refused replayed")


def test_rules_16_to_18_the_password_for_this_login_then_the_wait_then_biometrics_again() -> None:
    scenario = five_rejections(enabled_ann(), 1, "login-1")
    scenario.then("failed", "fallback-required(too_many_failures) ann", attempts_left=0)
    over = scenario.now + 30 * SECOND
    assert scenario.decision()["wait_until"] == write_time(over)
    scenario.state(
        "ann",
        status="fallback",
        reason="too_many_failures",
        guidance="use_password",
        fallback_login_id="login-1",
        wait_until=write_time(over),
        offer="none",
    )
    scenario.when(attempt("ann", "matched", 6)).then("refused fallback_active")
    scenario.after(over - 1 - scenario.now)
    scenario.when(attempt("ann", "matched", 7, login_id="login-2")).then("refused wait")
    scenario.after(1).when(attempt("ann", "rejected", 8, login_id="login-2")).then(
        "failed", "rearmed(next_login) ann", attempts_left=4
    )


def test_rule_17_a_wait_further_away_than_it_can_be_is_none() -> None:
    for back, verdict in ((HOUR - 30 * SECOND, "refused"), (HOUR - 30 * SECOND + 1, "accepted")):
        scenario = five_rejections(enabled_ann(), 1, "login-1")
        scenario.after(-back).when(attempt("ann", "matched", 6, login_id="login-2"))
        assert scenario.result.verdict is not None
        assert scenario.result.verdict.headers["ce_type"] == f"biolatch.verdict.{verdict}.v1"


def test_rule_19_waits_double_up_to_an_hour_and_the_fiftieth_failure_disables() -> None:
    scenario, waits = enabled_ann(), []
    for login in range(10):
        five_rejections(scenario, 1 + 5 * login, f"login-{login}")
        if login < 9:
            decision = scenario.decision()
            until = scenario.public_state()["users"]["ann"]["wait_until"]
            assert decision["wait_until"] == until
            waits.append(_seconds(until, scenario.now))
            scenario.after(HOUR)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    scenario.then("failed", "disabled(failure_limit) ann", attempts_left=0)
    scenario.state("ann", reason="failure_limit", guidance="re_enable", wait_until=None)


def _seconds(until: str, now: int) -> int:
    return next(wait for wait in range(3601) if write_time(now + wait * SECOND) == until)


def test_rule_19_a_match_ends_all_counts() -> None:
    scenario = enabled_ann().given(attempt("ann", "rejected", 1))
    scenario.when(attempt("ann", "matched", 2)).then("accepted")
    scenario.when(attempt("ann", "rejected", 3)).then("failed", attempts_left=4)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("locked_timed", "device_locked"),
        ("locked_until_credential", "device_locked"),
        ("fallback_chosen", "user_choice"),
        ("unavailable", "sensor_unavailable"),
    ],
)
def test_rule_19_what_is_no_failure_needs_no_wait(outcome: str, reason: str) -> None:
    scenario = enabled_ann().when(attempt("ann", outcome, 1))
    scenario.then("not-counted", f"fallback-required({reason}) ann", outcome=outcome)
    assert scenario.decision()["guidance"] == "use_password"
    assert "wait_until" not in scenario.decision()
    scenario.when(attempt("ann", "matched", 2, login_id="login-2")).then(
        "accepted", "rearmed(next_login) ann"
    )


@pytest.mark.parametrize("outcome", ["cancelled_user", "cancelled_system", "timeout"])
def test_rule_19_cancelling_is_nothing(outcome: str) -> None:
    enabled_ann().when(attempt("ann", outcome, 1)).then("not-counted").state(
        "ann", status="enabled"
    )


@pytest.mark.parametrize("outcome", ["not_enrolled", "device_credential_missing"])
def test_rule_19_no_biometrics_on_the_phone_any_more(outcome: str) -> None:
    scenario = enabled_ann().given(submitted("abe", "key-2"), attempt("ann", "locked_timed", 1))
    scenario.when(attempt("ann", outcome, 2)).then(
        "not-counted",
        "disabled(os_biometrics_removed) ann",
        "disabled(os_biometrics_removed) abe",
        "fallback-required(os_biometrics_removed) ann",
    )
    assert scenario.decision(1)["guidance"] == "open_device_settings"
    assert scenario.decision(3)["guidance"] == "use_password"
    scenario.state("ann", status="disabled", offer="device_settings_first")
    # The time of the last change has not moved: a password from before serves another user.
    verified = write_time(scenario.now - 1)
    scenario.when(submitted("cem", "key-3", password_verified_at=verified)).then(
        "applied", "enabled() cem"
    )
