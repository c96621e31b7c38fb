"""What a phone would show, made from what biolatch answered and from nothing else.

Owns the words for end users, in the manner of the help page. Must stay neutral: a text never says
which check failed (PSD2 RTS article 4), so reasons are not even looked at; guidance is.
"""

from collections.abc import Sequence
from typing import Final

from deploy.demo.observer import Answer, JsonObject
from deploy.demo.script import Event

_ANY_METHOD: Final = "face or fingerprint recognition"
_PASSWORD: Final = "Enter your password to continue."  # noqa: S105 - words on a screen
_DEVICE_SETTINGS: Final = (
    "Check that the feature is enabled on your device. If it isn't, enable it there first and "
    "then return to the app."
)
_TIPS: Final = (
    "You can try updating the biometric information on your device to get a better scan. Things "
    "that can help: clean and dry fingers, a well lit face, the latest system software."
)
_MATCHED: Final = {"sign_in": "You are logged in.", "protected_page": "The page opens."}


def shown(event: Event, answer: Answer) -> str:
    """The text on the phone of the event's user; empty where the phone shows nothing new."""
    user = event.data.get("user_id")
    mine = [decision for decision in answer.decisions if user in (None, decision.data["user_id"])]
    kinds = {decision.kind for decision in mine}
    label = _label(user, answer)
    if kinds & {"enabled", "re-enabled"}:
        return f"{_capital(label)} is on."
    if guidance := _guidance([decision.data for decision in mine]):
        return guidance.format(label=label)
    if "disabled" in kinds:
        return f"{_capital(label)} is off."
    if "rearmed" in kinds and event.name == "attempt.password-accepted":
        return _MATCHED["sign_in"]
    return _answered(event, answer)


def _guidance(decisions: Sequence[JsonObject]) -> str:
    """What the decisions guide the user to; the first of them that guides decides."""
    given = [decision["guidance"] for decision in decisions]
    if "re_enable" in given:
        return "Log in with your password. You'll then be guided to turn {label} on again."
    if "open_device_settings" in given:
        return _DEVICE_SETTINGS
    if "refresh_biometrics" in given:
        return f"{_PASSWORD} {_TIPS}"
    if "use_password" in given:
        return f"{_PASSWORD} At your next login you can use {{label}} again."
    return ""


def _answered(event: Event, answer: Answer) -> str:
    verdict = answer.verdict
    if verdict is None:
        return ""
    match verdict.kind, verdict.data["guidance"]:
        case "accepted", _:
            return _MATCHED[verdict.data["place"]]
        case "failed", _:
            return "Try again."
        case "not-counted", _:
            return "Try again, or use your password."
        case "refused", "open_device_settings":
            return _DEVICE_SETTINGS
        case "refused", "use_password":
            return _PASSWORD
        case "noted", _ if event.name == "enrollment.declined":
            return "You can turn it on at any time in Settings, Password & security."
        case _:
            return ""


def _label(user: object, answer: Answer) -> str:
    """The user's own word for the check; of a device's event, what fits everybody."""
    users = (answer.state or {}).get("users", {})
    return users.get(user, {}).get("prompt_label") or _ANY_METHOD


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]
