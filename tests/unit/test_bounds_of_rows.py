"""Bounds that random histories never meet: digests that straddle two, a lowered policy."""

from agents.core.decide import step
from agents.core.digests import remember, remembers
from agents.core.policy import Policy
from agents.core.state import DeviceState, User
from events.facts import EnrollmentDeclined, Fact
from events.vocabulary import Channel, DisabledReason, Status

FIRST, SECOND = b"abcdefgh", b"ijklmnop"


def test_a_digest_across_two_others_is_not_remembered() -> None:
    assert remembers(FIRST + SECOND, SECOND)
    assert not remembers(FIRST + SECOND, b"efghijkl")
    assert remembers(FIRST + SECOND + b"efghijkl", b"efghijkl")
    assert not remembers(b"", FIRST)


def test_the_oldest_digest_is_forgotten() -> None:
    assert remember(FIRST + SECOND, b"qrstuvwx", 2) == SECOND + b"qrstuvwx"


def test_where_nobody_absent_can_leave_a_lowered_bound_gives_way() -> None:
    """Rows made under a policy with more users stay as they are until users leave by themselves."""
    policy = Policy(version="lowered", users_max=2, active_users_max=1)
    users = tuple(
        User(
            user_id=name,
            status=Status.DISABLED,
            disabled_reason=DisabledReason.USER_REQUEST,
            since_ms=1,
        )
        for name in ("ana", "ben", "chen")
    )
    fact = Fact(
        event_id="1",
        source="/backend",
        device_id="phone",
        occurred_at_ms=5,
        now_ms=5,
        offset=0,
        data=EnrollmentDeclined(user_id="dora", channel=Channel.SETTINGS),
    )

    after, _ = step(DeviceState(bio_epoch=1, users=users), fact, policy)

    assert [user.user_id for user in after.users] == ["ana", "ben", "chen", "dora"]
