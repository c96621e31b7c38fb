"""Events, verdicts and decisions in one line each, with the fields that matter to their readers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from deploy.demo.observer import JsonObject, Output
from deploy.demo.script import Event, EventField, SecondsAgo

_TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "enrollment.submitted": ("user_id", "method", "platform", "channel"),
    "enrollment.declined": ("user_id", "channel"),
    "enrollment.withdrawn": ("user_id", "channel"),
    "attempt.finished": ("user_id", "place", "outcome"),
    "attempt.password-accepted": ("user_id", "place"),
    "biometrics.changed": ("change",),
}
"""Fields of an event whose value alone says enough."""

_S_PER_MIN: Final = 60
_SHOWN_MAX: Final = 24


def event_words(event: Event, also: Iterable[str]) -> str:
    """The data of an event in a few words; the fields that `also` names are given with names."""
    told = [str(event.data[name]) for name in _TELLING[event.name]]
    named = [f"{name} {_shown(event.data[name])}" for name in also]
    return ", ".join([*told, *named])


def _shown(value: EventField) -> str:
    if isinstance(value, SecondsAgo):
        return f"{value.seconds // _S_PER_MIN} min ago"
    text = str(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"


def output_words(output: Output, *, subject: object) -> str:
    """The data of a verdict or decision in a few words; its user only if it is not the subject."""
    words = ", ".join(_parts(output, subject))
    guidance = output.data["guidance"]
    return words if guidance == "none" else f"{words} → {guidance}".lstrip()


def _parts(output: Output, subject: object) -> Iterator[str]:
    data = output.data
    if data.get("user_id") not in (None, subject):
        yield data["user_id"]
    if "reason" in data:
        yield data["reason"]
    if "previous_reason" in data:
        yield f"was {data['previous_reason']}"
    if "attempts_left" in data:
        yield f"{data['attempts_left']} attempt{'' if data['attempts_left'] == 1 else 's'} left"
    if output.kind in ("enabled", "re-enabled"):
        yield f"“{data['prompt_label']}”"
        yield data["channel"]
    if output.kind == "accepted":
        yield data["place"]
    if "wait_until" in data:
        yield f"wait until {_clock(data['wait_until'])}"


def state_words(user: JsonObject) -> str:
    """A user's public state in a few words."""
    told = [str(user["status"])]
    if user["reason"]:
        told.append(str(user["reason"]))
    if user["offer"] != "none":
        told.append(f"offer {user['offer']}")
    if user["prompt_not_before"]:
        told.append(f"no prompt before {user['prompt_not_before'][:10]}")
    return ", ".join(told)


def _clock(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%H:%M:%S UTC")
