"""Good days and bad days of logging in: scans that fail, the password behind them, and advice."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from deploy.demo.script import (
    PRESENT,
    Step,
    accepted,
    applied,
    decided,
    failed,
    not_counted,
    refused,
    step,
)
from deploy.demo.story.people import Cast

_SCANS_MAX: Final = 5


def _several_scans(cast: Cast) -> Iterator[Step]:
    cast.ben.logs_in_again()
    yield step(
        "Ben's finger is wet. The phone does not know it.",
        cast.bens.scans(cast.ben, "rejected"),
        failed(attempts_left=4),
    )
    yield step("He tries again.", cast.bens.scans(cast.ben, "rejected"), failed(attempts_left=3))
    yield step(
        "A call comes in and closes the prompt: that is no failure.",
        cast.bens.scans(cast.ben, "cancelled_system"),
        not_counted(),
    )
    yield step(
        "He dries his finger, and the third scan matches.",
        cast.bens.scans(cast.ben, "matched"),
        accepted(),
    )


def _password_backup(cast: Cast) -> Iterator[Step]:
    cast.ben.logs_in_again()
    for scan in range(1, _SCANS_MAX):
        yield step(
            "Ben wears a plaster. Every scan fails." if scan == 1 else "",
            cast.bens.scans(cast.ben, "rejected"),
            failed(attempts_left=_SCANS_MAX - scan),
        )
    yield step(
        "",
        cast.bens.scans(cast.ben, "rejected"),
        failed(attempts_left=0),
        decided(
            "fallback-required",
            reason="too_many_failures",
            guidance="use_password",
            wait_until=PRESENT,
        ),
        state={"status": "fallback", "fallback_login_id": cast.ben.login_id},
    )
    yield step(
        "One more scan would not help now.",
        cast.bens.scans(cast.ben, "matched"),
        refused("fallback_active", "use_password"),
        shows=("login_id",),
    )
    yield step(
        "His password does.",
        cast.bens.accepts_password(cast.ben),
        applied(),
        decided("rearmed", reason="password"),
        state={"status": "enabled"},
    )


def _usable_next_login(cast: Cast) -> Iterator[Step]:
    cast.ana.logs_in_again()
    yield step(
        "Ana is in a dark room and takes her password instead.",
        cast.anas.scans(cast.ana, "fallback_chosen"),
        not_counted(),
        decided("fallback-required", reason="user_choice", guidance="use_password"),
        shows=("login_id",),
        state={"status": "fallback", "wait_until": None},
    )
    cast.ana.logs_in_again()
    yield step(
        "At the next login her face is good again.",
        cast.anas.scans(cast.ana, "matched"),
        accepted(),
        decided("rearmed", reason="next_login"),
        shows=("login_id",),
        state={"status": "enabled"},
    )


def _frequent_failure_advice(cast: Cast) -> Iterator[Step]:
    locked = decided("fallback-required", reason="device_locked", guidance="use_password")
    rearmed = decided("rearmed", reason="next_login")
    yield step(
        "Emil's sensor is worn. His phone locks it after too many tries.",
        cast.emils.scans(cast.emil, "locked_timed"),
        not_counted(),
        locked,
    )
    cast.emil.logs_in_again()
    yield step(
        "The next login ends like that, too.",
        cast.emils.scans(cast.emil, "locked_timed"),
        not_counted(),
        rearmed,
        locked,
    )
    cast.emil.logs_in_again()
    yield step(
        "After the third within a week he gets advice.",
        cast.emils.scans(cast.emil, "locked_timed"),
        not_counted(),
        rearmed,
        locked,
        decided("refresh-advised", guidance="refresh_biometrics"),
    )


TOLD: Final[Mapping[str, tuple[str, Callable[[Cast], Iterator[Step]]]]] = {
    "several-scans": ("You get several opportunities to scan.", _several_scans),
    "password-backup": ("If they all fail, your password is the backup.", _password_backup),
    "usable-next-login": ("When you next log in, you can use it again.", _usable_next_login),
    "frequent-failure-advice": (
        "If it fails often, update the biometrics on your device.",
        _frequent_failure_advice,
    ),
}
"""The rows of this chapter: name, promise, and who tells it."""
