"""Another face, another finger: what was trusted is not trusted any more, and how trust returns."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from deploy.demo.script import SecondsAgo, Step, accepted, applied, decided, refused, step
from deploy.demo.story.people import Cast

_BEFORE_THE_CHANGE: Final = SecondsAgo(15 * 60)
"""Young enough for any other enabling (20 minutes)."""


def _change_disables(cast: Cast) -> Iterator[Step]:
    yield step(
        "Iris and Jon share a tablet, and both use their fingers.",
        cast.shared.enables(cast.iris, "login_prompt"),
        applied(),
        decided("enabled", user_id="iris"),
    )
    yield step(
        "",
        cast.shared.enables(cast.jon, "settings"),
        applied(),
        decided("enabled", user_id="jon"),
    )
    off = {"reason": "biometrics_changed", "guidance": "re_enable"}
    yield step(
        "Somebody adds a finger. Whose? Nobody can tell, so it is off for both.",
        cast.shared.changes("added"),
        applied(),
        decided("disabled", user_id="iris", **off),
        decided("disabled", user_id="jon", **off),
        shows=("bio_epoch",),
    )


def _change_detected_at_login(cast: Cast) -> Iterator[Step]:
    cast.anas.epoch += 1  # Ana updated her face; this time the app saw it only at the next login
    cast.ana.logs_in_again()
    yield step(
        "Ana updates Face ID on her phone and tells nobody. Her next login does.",
        cast.anas.scans(cast.ana, "matched"),
        refused("biometrics_changed", "use_password"),
        decided("disabled", reason="biometrics_changed", guidance="re_enable"),
        decided("re-enable-required", reason="biometrics_changed", guidance="re_enable"),
        shows=("bio_epoch",),
        state={"status": "disabled", "offer": "prompt"},
    )


def _guided_re_enable(cast: Cast) -> Iterator[Step]:
    yield step(
        "A password from before the change proves nothing: the thief of an open phone could have "
        "added a face since.",
        cast.anas.enables(cast.ana, "login_prompt", password_verified=_BEFORE_THE_CHANGE),
        refused("password_too_old", "use_password"),
        shows=("password_verified_at",),
    )
    yield step(
        "Ana logs in with her password and follows the steps; her phone makes a new key.",
        cast.anas.enables(cast.ana, "login_prompt"),
        applied(),
        decided("re-enabled", previous_reason="biometrics_changed", key_id=cast.ana.key_id),
        shows=("key_id",),
        state={"status": "enabled", "reason": None, "offer": "none"},
    )
    yield step(
        "Her new scan opens the app.",
        cast.anas.scans(cast.ana, "matched"),
        accepted(),
    )


TOLD: Final[Mapping[str, tuple[str, Callable[[Cast], Iterator[Step]]]]] = {
    "change-disables": ("Updating your biometrics switches it off in the app.", _change_disables),
    "change-detected-at-login": (
        "Your next login detects the change by itself.",
        _change_detected_at_login,
    ),
    "guided-re-enable": ("You are guided through steps to re-enable it.", _guided_re_enable),
}
"""The rows of this chapter: name, promise, and who tells it."""
