"""Yes or no: offering, enabling, disabling, and what never leaves the phone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from deploy.demo.script import (
    PRESENT,
    Step,
    accepted,
    applied,
    decided,
    noted,
    refused,
    step,
)
from deploy.demo.story.people import Cast, Person, Phone

_IMAGE: Final = "data:image/png;base64,ZG9yYXMtZmFjZQ"


def _optional(cast: Cast) -> Iterator[Step]:
    yield step(
        "The app offers Ana Face ID after her login. She taps “Not now”.",
        cast.anas.declines(cast.ana, "after_login_prompt"),
        noted(),
        state={"status": "absent", "offer": "settings_only", "prompt_not_before": PRESENT},
    )
    yield step(
        "A check that nobody has enabled opens nothing.",
        cast.anas.scans(cast.ana, "matched"),
        refused("unknown_binding", "use_password"),
    )


def _two_places(cast: Cast) -> Iterator[Step]:
    yield step(
        "Ben turns on fingerprint recognition on his Android phone.",
        cast.bens.enables(cast.ben, "login_prompt"),
        applied(),
        decided("enabled", method="fingerprint", platform="android"),
    )
    yield step(
        "He signs in with his finger.",
        cast.bens.scans(cast.ben, "matched", "sign_in"),
        accepted(place="sign_in"),
    )
    yield step(
        "He opens a page with protected information: his finger again.",
        cast.bens.scans(cast.ben, "matched", "protected_page"),
        accepted(place="protected_page"),
    )


def _instead_of_password(cast: Cast) -> Iterator[Step]:
    cast.ben.logs_in_again()
    yield step(
        "The next morning Ben's finger is all he needs: nobody asks for his password.",
        cast.bens.scans(cast.ben, "matched"),
        accepted(login_id=cast.ben.login_id),
        shows=("login_id",),
        state={"status": "enabled", "reason": None},
    )


def _guided_enable(cast: Cast) -> Iterator[Step]:
    yield step(
        "Chen says yes to the prompt that his iPhone shows during login.",
        cast.chens.enables(cast.chen, "login_prompt"),
        applied(channel="login_prompt"),
        decided("enabled", channel="login_prompt"),
    )
    yield step(
        "Dora says yes to the one that comes after login.",
        cast.doras.enables(cast.dora, "after_login_prompt"),
        applied(channel="after_login_prompt"),
        decided("enabled", channel="after_login_prompt"),
        state={"status": "enabled", "offer": "none"},
    )


def _manual_enable(cast: Cast) -> Iterator[Step]:
    yield step(
        "Ana changes her mind: Settings, “Password & security”, Face ID on.",
        cast.anas.enables(cast.ana, "settings"),
        applied(channel="settings"),
        decided("enabled", channel="settings", method="face"),
        state={"status": "enabled", "prompt_not_before": None},
    )
    yield step(
        "From now on she looks at her phone to sign in.",
        cast.anas.scans(cast.ana, "matched"),
        accepted(),
    )


def _device_first(cast: Cast) -> Iterator[Step]:
    yield step(
        "Emil flips the switch, but his phone knows no finger of his yet.",
        cast.emils.enables(cast.emil, "settings", os_biometrics="not_set_up"),
        refused("os_biometrics_not_ready", "open_device_settings"),
        shows=("os_biometrics",),
    )
    yield step(
        "He adds his fingerprint in the phone's own settings and comes back.",
        cast.emils.enables(cast.emil, "settings"),
        applied(),
        decided("enabled", prompt_label="fingerprint recognition"),
    )


def _prompt_label(_cast: Cast) -> Iterator[Step]:
    told = "Four phones, four words: each prompt reads what that phone's own does."
    for user, platform, method, label in (
        ("fay", "ios", "face", "Face ID"),
        ("gil", "ios", "fingerprint", "Touch ID"),
        ("hana", "android", "face", "face recognition"),
        ("ivo", "android", "fingerprint", "fingerprint recognition"),
    ):
        phone = Phone(f"{user}-{'iphone' if platform == 'ios' else platform}", platform)
        yield step(
            told,
            phone.enables(Person(user, method), "login_prompt"),
            applied(),
            decided("enabled", prompt_label=label),
            state={"prompt_label": label},
        )
        told = ""


def _disable_any_time(cast: Cast) -> Iterator[Step]:
    yield step(
        "Chen turns it off again. Nobody asks him why.",
        cast.chens.withdraws(cast.chen),
        applied(),
        decided("disabled", reason="user_request", guidance="none"),
        state={"status": "disabled", "reason": "user_request", "offer": "settings_only"},
    )
    cast.chen.logs_in_again()
    yield step(
        "And no login nags him to turn it on.",
        cast.chens.scans(cast.chen, "matched"),
        refused("disabled", "use_password"),
    )


def _never_in_our_possession(cast: Cast) -> Iterator[Step]:
    yield step(
        "Dora's phone itself compares her face with the one it knows; only the outcome leaves it. "
        "Even if a careless backend adds a picture, nothing that biolatch writes carries it on.",
        cast.doras.scans(cast.dora, "matched", face_image=_IMAGE),
        accepted(face_image=None),
        shows=("face_image",),
        untraceable=_IMAGE,
    )


TOLD: Final[Mapping[str, tuple[str, Callable[[Cast], Iterator[Step]]]]] = {
    "optional": ("It is completely optional.", _optional),
    "two-places": ("It works at two places: at sign-in and on protected pages.", _two_places),
    "instead-of-password": ("It is used in place of the password.", _instead_of_password),
    "guided-enable": ("Prompts guide you to it during login or afterward.", _guided_enable),
    "manual-enable": ("You can enable it in the settings at any time.", _manual_enable),
    "device-first": ("If your phone isn't set up for it, that comes first.", _device_first),
    "prompt-label": ("Prompts read “Touch ID” or “Face ID”, whichever you use.", _prompt_label),
    "disable-any-time": ("Off at any time, for any reason, no questions asked.", _disable_any_time),
    "never-in-our-possession": (
        "Your biometric information never leaves your device.",
        _never_in_our_possession,
    ),
}
"""The rows of this chapter: name, promise, and who tells it."""
