"""Every bound of a device's row in the model: what is kept, and who leaves (design, section 3)."""

from tests.auditor.scenario import (
    START,
    Scenario,
    attempt,
    changed,
    dated,
    declined,
    erased,
    named,
    password_accepted,
    revoked,
    submitted,
    withdrawn,
)
from tests.auditor.times import DAY, HOUR, write_time


def eight_enabled() -> Scenario:
    return Scenario().given(*(submitted(f"user-{n}", f"key-{n}") for n in range(8)))


def test_the_last_16_events_that_were_not_refused() -> None:
    others = [named(password_accepted("ann"), f"other-{n}") for n in range(15)]
    refused = [attempt("ann", "matched", 1)] * 20
    scenario = Scenario().given(named(declined("ann"), "first"), *others, *refused)
    scenario.when(named(declined("ann"), "first")).then("refused duplicate")
    scenario.given(password_accepted("ann"))
    scenario.when(named(declined("ann"), "first")).then("noted")


def test_an_erasure_is_not_remembered_as_an_event() -> None:
    later = dated(named(erased("ann"), "erasure"), START + DAY)
    Scenario().given(later).when(later).then("applied")


def test_the_device_forgets_its_events_when_it_is_erased() -> None:
    event = dated(named(declined("ann"), "same"), START + DAY)
    Scenario().given(event, erased()).when(event).then("noted")


def test_a_seventeenth_user_makes_the_longest_absent_one_leave() -> None:
    absent = [declined(f"user-{n:02}") for n in range(15)]
    scenario = Scenario().given(submitted("ann", "key-1"), *absent, declined("user-00"))
    scenario.given(withdrawn("bob"))
    assert len(scenario.users()) == 16
    # user-00 has declined once more, so user-01 is the longest absent.
    assert {"user-00", "ann", "bob"} < set(scenario.users())
    assert "user-01" not in scenario.users()


def test_a_ninth_live_user_finds_no_place() -> None:
    scenario = eight_enabled()
    scenario.when(submitted("ninth", "key-9")).then("refused too_many_users")
    scenario.when(revoked("ninth", allow_re_enable=True)).then("noted")
    assert "ninth" not in scenario.users()
    scenario.when(submitted("user-0", "key-9")).then("applied", "enabled() user-0")


def test_the_user_disabled_longest_leaves_for_a_ninth() -> None:
    scenario = eight_enabled().given(
        revoked("user-7", allow_re_enable=False), withdrawn("user-5"), withdrawn("user-3")
    )
    scenario.when(submitted("ninth", "key-9")).then("applied", "enabled() ninth")
    assert scenario.users() == sorted([*(f"user-{n}" for n in range(8) if n != 5), "ninth"])
    scenario.when(revoked("tenth", allow_re_enable=True)).then("applied")
    assert "user-3" not in scenario.users()
    # The tenth is disabled and may go, user-7 is revoked for good and may not.
    scenario.when(submitted("last", "key-10")).then("applied", "enabled() last")
    assert {"user-7", "last"} < set(scenario.users())
    scenario.when(submitted("one more", "key-11")).then("refused too_many_users")


def test_of_users_disabled_at_once_the_lowest_id_leaves() -> None:
    scenario = eight_enabled().given(changed(2))
    scenario.given(submitted("ninth", "key-9", bio_epoch=2))
    assert scenario.users() == sorted([*(f"user-{n}" for n in range(1, 8)), "ninth"])


def test_the_last_four_keys() -> None:
    scenario = Scenario().given(*(submitted("ann", f"key-{n}") for n in range(6)))
    scenario.when(submitted("ann", "key-1")).then("refused key_reused")
    scenario.when(submitted("bob", "key-0")).then("applied", "enabled() bob")


def test_eight_erasure_marks() -> None:
    scenario = Scenario()
    marks = {}
    for number in range(8):
        scenario.given(erased(f"user-{number}"))
        marks[f"user-{number}"] = scenario.now
    scenario.when(dated(erased("user-0"), scenario.now)).then("applied")
    # user-0 was erased once more, so the mark of user-1 is the oldest.
    scenario.given(erased("ninth"))
    for number in (0, 2, 7):
        user_id = f"user-{number}"
        scenario.when(dated(declined(user_id), marks[user_id])).then("refused erased")
    scenario.when(dated(declined("user-1"), marks["user-1"])).then("noted")


def test_a_mark_never_moves_back() -> None:
    for whom in ("ann", None):
        scenario = Scenario().given(erased(whom))
        mark = scenario.now
        scenario.after(-HOUR).when(dated(erased(whom), mark + 1)).then("applied")
        scenario.when(dated(declined("ann"), mark)).then("refused erased")


def test_eight_troubled_fallbacks_also_when_the_calendar_was_wrong() -> None:
    scenario = Scenario().given(submitted("ann", "key-1"), attempt("ann", "locked_timed", 1))
    scenario.after(-90 * DAY)
    advised = []
    for number in range(2, 12):
        scenario.when(attempt("ann", "locked_timed", number, login_id=f"login-{number}"))
        if len(scenario.result.decisions) == 3:  # rearmed, fallback-required, refresh-advised
            advised.append(number)
        scenario.after(4 * DAY)
    # The one from the wrong future counts in every week until eight others have followed it; the
    # last advice that it brings is that of the seventh of them, as advice comes every second time.
    assert advised == [3, 5, 7]


def test_lowered_at_is_the_latest_opt_out() -> None:
    scenario = Scenario().given(submitted("ann", "key-1"), withdrawn("ann"))
    lowered = scenario.now
    scenario.given(dated(withdrawn("ann"), lowered - DAY))
    scenario.when(dated(submitted("ann", "key-2"), lowered)).then("refused superseded")


def test_since_moves_only_with_the_status() -> None:
    scenario = Scenario().given(submitted("ann", "key-1"))
    enabled_at = write_time(scenario.now)
    scenario.given(submitted("ann", "key-2")).state("ann", since=enabled_at)
    scenario.given(changed(2))
    disabled_at = write_time(scenario.now)
    scenario.given(revoked("ann", allow_re_enable=True), changed(3))
    scenario.state("ann", since=disabled_at, reason="admin")
