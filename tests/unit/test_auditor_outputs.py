"""Whole records as the model says that they look on the wire (design, section 5)."""

import pytest

from tests.auditor.scenario import Scenario, attempt, changed, declined, erased, submitted

VERDICT_HEADERS = {
    "ce_specversion": "1.0",
    "ce_id": "biolatch.device-events/3/2/0",
    "ce_source": "/biolatch",
    "ce_type": "biolatch.verdict.not-counted.v1",
    "ce_subject": "phone-1",
    "ce_time": "2026-03-01T09:00:02.000Z",
    "ce_causationid": "event-2",
    "content-type": "application/json",
}


def test_a_verdict_and_a_decision_in_full() -> None:
    scenario = Scenario().given(submitted("ann", "key-1", key_binding="current_set"))
    scenario.when(attempt("ann", "locked_timed", 1, scans=4, platform_code="7"))
    verdict, (decision,) = scenario.result
    assert verdict is not None
    assert (verdict.topic, verdict.partition, verdict.key) == ("biolatch.verdicts", 3, "phone-1")
    assert verdict.headers == VERDICT_HEADERS
    about = {
        "device_id": "phone-1",
        "user_id": "ann",
        "policy_version": "7",
        "occurred_at": "2026-03-01T09:00:02.000Z",
        "cause": {"type": "biolatch.attempt.finished.v1", "source": "/backend"},
        "login_id": "login-1",
        "place": "sign_in",
    }
    assert verdict.value == {
        **about,
        "guidance": "none",
        "outcome": "locked_timed",
        "scans": 4,
        "platform_code": "7",
        "platform": "ios",
        "method": "face",
    }
    assert (decision.topic, decision.partition, decision.key) == (
        "biolatch.decisions",
        3,
        "phone-1",
    )
    assert decision.headers == {
        **VERDICT_HEADERS,
        "ce_id": "biolatch.device-events/3/2/1",
        "ce_type": "biolatch.decision.fallback-required.v1",
    }
    assert decision.value == {
        **about,
        "reason": "device_locked",
        "method": "face",
        "platform": "ios",
        "prompt_label": "Face ID",
        "key_id": "key-1",
        "key_binding": "current_set",
        "bio_epoch": 1,
        "guidance": "use_password",
    }


def test_a_public_state_in_full() -> None:
    scenario = Scenario().given(submitted("ann", "key-1"), declined("bob"))
    assert scenario.public_state() == {
        "device_id": "phone-1",
        "bio_epoch": 1,
        "users": {
            "ann": {
                "status": "enabled",
                "reason": None,
                "since": "2026-03-01T09:00:01.000Z",
                "guidance": "none",
                "offer": "none",
                "prompt_not_before": None,
                "prompt_label": "Face ID",
                "fallback_login_id": None,
                "wait_until": None,
            },
            "bob": {
                "status": "absent",
                "reason": None,
                "since": None,
                "guidance": "none",
                "offer": "settings_only",
                "prompt_not_before": "2026-03-31T09:00:02.000Z",
                "prompt_label": None,
                "fallback_login_id": None,
                "wait_until": None,
            },
        },
    }


@pytest.mark.parametrize(
    ("platform", "method", "label"),
    [
        ("ios", "face", "Face ID"),
        ("ios", "fingerprint", "Touch ID"),
        ("android", "face", "face recognition"),
        ("other", "fingerprint", "fingerprint recognition"),
    ],
)
def test_prompts_read_what_the_phone_calls_it(platform: str, method: str, label: str) -> None:
    scenario = Scenario().when(submitted("ann", "key-1", platform=platform, method=method))
    assert scenario.decision()["prompt_label"] == label
    scenario.state("ann", prompt_label=label)


def test_a_verdict_repeats_what_the_enrollment_gave() -> None:
    scenario = Scenario().given(submitted("ann", "key-1"))
    scenario.when(
        submitted("ann", "key-1", method="fingerprint", os_version="17.4", login_id="login-1")
    ).then("refused key_reused", method="fingerprint", os_version="17.4", channel="settings")
    # `login_id` and `place` are for attempts, and what was not given is not there.
    assert not {"login_id", "place", "app_version", "device_model"} & scenario.verdict.keys()


def test_a_verdict_on_the_whole_device_names_nobody() -> None:
    scenario = (
        Scenario()
        .given(submitted("ann", "key-1"))
        .when(changed(2))
        .then("applied", "disabled(biometrics_changed) ann")
    )
    assert scenario.verdict == {
        "device_id": "phone-1",
        "policy_version": "7",
        "occurred_at": "2026-03-01T09:00:02.000Z",
        "cause": {"type": "biolatch.biometrics.changed.v1", "source": "/backend"},
        "guidance": "none",
    }
    assert scenario.decision()["user_id"] == "ann"


def test_a_verdict_on_an_erasure_still_tells_what_was_known() -> None:
    scenario = Scenario().given(submitted("ann", "key-1")).when(erased("ann"))
    scenario.then("applied", "disabled(erased) ann", platform="ios", method="face", user_id="ann")
