import pytest

from events.vocabulary import (
    DisabledReason,
    FallbackReason,
    Method,
    OffReason,
    Platform,
    prompt_label,
)


@pytest.mark.parametrize(
    ("method", "platform", "label"),
    [
        (Method.FACE, Platform.IOS, "Face ID"),
        (Method.FINGERPRINT, Platform.IOS, "Touch ID"),
        (Method.FACE, Platform.ANDROID, "face recognition"),
        (Method.FINGERPRINT, Platform.ANDROID, "fingerprint recognition"),
        (Method.FACE, Platform.OTHER, "face recognition"),
        (Method.FINGERPRINT, Platform.OTHER, "fingerprint recognition"),
    ],
)
def test_a_prompt_reads_as_the_phone_calls_it(
    method: Method, platform: Platform, label: str
) -> None:
    assert prompt_label(method, platform) == label


def test_a_state_can_give_every_reason_but_those_that_leave_no_user_or_no_fallback() -> None:
    # An erased user is gone, and a fallback for removed biometrics is guidance only (rule 19).
    reasons = {*DisabledReason, *FallbackReason} - {DisabledReason.ERASED}
    assert {reason.value for reason in OffReason} == {reason.value for reason in reasons}
