# Goal: "may this user use biometrics now?" is answered as the design defines it.
import msgspec
import pytest

from agents.lane.port import Partition
from deploy.inspection.standing import Answer, facts_of, may_use_biometrics, read_state
from deploy.records.topic_record import TopicRecord
from events.errors import Misconfigured
from events.public_state import PublicState, PublicUser
from events.timestamps import format_rfc3339
from events.vocabulary import Guidance, Offer, OffReason, PromptLabel, Status

NOW_MS = 1_769_903_999_999


def a_user(status: Status, **changes: object) -> PublicUser:
    user = PublicUser(
        status=status,
        reason=None,
        since=format_rfc3339(NOW_MS - 61_000),
        guidance=Guidance.NONE,
        offer=Offer.NONE,
        prompt_not_before=None,
        prompt_label=PromptLabel.FACE_ID,
        fallback_login_id=None,
        wait_until=None,
    )
    return msgspec.structs.replace(user, **changes)


IN_FALLBACK = {
    "reason": OffReason.TOO_MANY_FAILURES,
    "fallback_login_id": "login-1",
    "guidance": Guidance.USE_PASSWORD,
}


@pytest.mark.parametrize(
    ("user", "answer"),
    [
        (a_user(Status.ENABLED), Answer.YES),
        (a_user(Status.FALLBACK, **IN_FALLBACK), Answer.OTHER_LOGIN),
        (
            a_user(Status.FALLBACK, **IN_FALLBACK, wait_until=format_rfc3339(NOW_MS)),
            Answer.OTHER_LOGIN,
        ),
        (a_user(Status.FALLBACK, **IN_FALLBACK, wait_until=format_rfc3339(NOW_MS + 1)), Answer.NO),
        (a_user(Status.DISABLED, reason=OffReason.ADMIN), Answer.NO),
        (a_user(Status.ABSENT, since=None), Answer.NO),
    ],
)
def test_the_answer_follows_status_and_wait(user: PublicUser, answer: Answer) -> None:
    assert may_use_biometrics(user, now_ms=NOW_MS) is answer


def test_a_fallback_says_which_login_needs_the_password_and_when_the_next_may() -> None:
    waiting = a_user(Status.FALLBACK, **IN_FALLBACK, wait_until=format_rfc3339(NOW_MS + 30_000))
    facts = dict(facts_of(waiting, now_ms=NOW_MS))
    assert facts["because"] == "the check has failed too often (too_many_failures)"
    assert facts["this login"] == "login-1 needs the password"
    assert facts["next login"].endswith("in 30.0 s")
    assert facts["to do"] == "use the password for this login"
    assert facts["since"].endswith("(1 min 1 s ago)")


def test_a_state_of_a_newer_version_is_said_to_be_one() -> None:
    record = TopicRecord(Partition("t", 0), 1, NOW_MS, b"phone-1", b'{"device_id":1}', ())
    with pytest.raises(Misconfigured, match="newer"):
        read_state(record)
    assert read_state(record._replace(value=None)) is None


def test_a_state_is_read_as_it_is_written() -> None:
    state = PublicState(device_id="d", bio_epoch=2, users={"u": a_user(Status.ENABLED)})
    record = TopicRecord(Partition("t", 0), 1, NOW_MS, b"d", msgspec.json.encode(state), ())
    assert read_state(record) == state
