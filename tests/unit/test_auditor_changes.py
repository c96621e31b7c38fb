"""The model's advice, accepted passwords, biometric changes and erasure, one example or more."""

from tests.auditor.scenario import (
    START,
    Scenario,
    attempt,
    changed,
    dated,
    erased,
    password_accepted,
    revoked,
    submitted,
)
from tests.auditor.times import DAY, write_time


def enabled_ann() -> Scenario:
    return Scenario().given(submitted("ann", "key-1"))


def test_rule_20_three_troubled_fallbacks_in_a_week() -> None:
    scenario = enabled_ann()
    for seq, pause in ((1, 0), (2, 3 * DAY), (3, 4 * DAY), (4, DAY)):
        scenario.after(pause).when(attempt("ann", "locked_timed", seq, login_id=f"login-{seq}"))
        advised = [
            form.value for form in scenario.result.decisions if "advised" in form.headers["ce_type"]
        ]
        # The third comes exactly seven days after the first, which no longer counts.
        assert len(advised) == (seq == 4)
    assert scenario.decision(3)["guidance"] == "refresh_biometrics"


def test_rule_20_not_again_within_a_week() -> None:
    scenario = enabled_ann()
    advised_at = []
    for day in range(12):
        scenario.after(DAY).when(attempt("ann", "locked_timed", day + 1, login_id=f"login-{day}"))
        if len(scenario.result.decisions) == 3:  # rearmed, fallback-required, refresh-advised
            advised_at.append(day)
    assert advised_at == [2, 9]


def test_rule_20_a_choice_is_trouble_only_after_a_failure() -> None:
    scenario = enabled_ann()
    for seq in (1, 3, 5, 7):
        login_id = f"login-{seq}"
        scenario.when(attempt("ann", "fallback_chosen", seq, login_id=login_id))
        assert len(scenario.result.decisions) == (1 if seq == 1 else 2)
    for seq in (9, 11, 13):
        login_id = f"login-{seq}"
        scenario.given(attempt("ann", "rejected", seq, login_id=login_id))
        scenario.when(attempt("ann", "fallback_chosen", seq + 1, login_id=login_id))
    scenario.then("not-counted", "fallback-required(user_choice) ann", "refresh-advised() ann")


def test_rule_20_forty_failures_in_a_row() -> None:
    scenario = enabled_ann()
    for seq in range(1, 41):
        scenario.after(DAY).given(password_accepted("ann"))
        scenario.when(attempt("ann", "rejected", seq, login_id=f"login-{seq}"))
        scenario.then("failed", *(["refresh-advised() ann"] if seq == 40 else []), attempts_left=4)


def test_password_accepted_ends_a_fallback_and_its_wait() -> None:
    scenario = enabled_ann().given(*(attempt("ann", "rejected", seq) for seq in range(1, 6)))
    scenario.when(password_accepted("ann")).then("applied", "rearmed(password) ann")
    scenario.when(attempt("ann", "rejected", 6)).then("failed", attempts_left=4)


def test_password_accepted_never_enables_anything() -> None:
    Scenario().when(password_accepted("ann")).then("noted")
    enabled_ann().given(changed(2)).when(password_accepted("ann")).then("noted").state(
        "ann", status="disabled"
    )
    enabled_ann().given(attempt("ann", "rejected", 1), password_accepted("ann")).when(
        attempt("ann", "rejected", 2)
    ).then("failed", attempts_left=4)


def test_biometrics_changed_disables_everybody() -> None:
    scenario = enabled_ann().given(submitted("Bob", "key-2"))
    scenario.when(changed(2)).then(
        "applied", "disabled(biometrics_changed) Bob", "disabled(biometrics_changed) ann"
    )
    scenario.when(changed(2)).then("refused stale_epoch", bio_epoch=2)


def test_biometrics_changed_by_an_upgrade_only_may_keep_everybody() -> None:
    upgrade = changed(2, change="unknown", detected_by="domain_state", os_upgraded=True)
    enabled_ann().when(upgrade).then("applied", "disabled(biometrics_changed) ann")
    scenario = Scenario(os_upgrade_keeps_enabled=True).given(submitted("ann", "key-1"))
    scenario.when(upgrade).then("applied", "rebaselined() ann").state("ann", status="enabled")
    assert scenario.decision()["bio_epoch"] == 2
    # The time of the last change has not moved.
    verified = write_time(scenario.now - 1)
    scenario.when(submitted("bob", "key-2", bio_epoch=2, password_verified_at=verified)).then(
        "applied", "enabled() bob"
    )


def test_erasure_of_a_user_lifts_a_revocation() -> None:
    scenario = enabled_ann().given(revoked("ann", allow_re_enable=False))
    scenario.when(erased("ann")).then("applied", user_id="ann")
    assert scenario.model.public_state("biolatch.device-events", 3, "phone-1") is None
    scenario.when(submitted("ann", "key-1")).then("applied", "enabled() ann")


def test_erasure_of_the_device_leaves_nothing_but_the_mark() -> None:
    scenario = enabled_ann().given(submitted("abe", "key-2"))
    scenario.when(erased()).then("applied", "disabled(erased) abe", "disabled(erased) ann")
    assert scenario.decision()["guidance"] == "none"
    scenario.when(submitted("ann", "key-1", bio_epoch=1)).then("applied", "enabled() ann")


def test_erasure_dated_in_the_future_counts_from_now() -> None:
    scenario = Scenario().given(dated(erased("ann"), START + DAY))
    scenario.when(submitted("ann", "key-1")).then("applied", "enabled() ann")
