"""How an output is to be taken: the style sheet has a colour and a sign for each tone."""

from enum import StrEnum
from typing import Final

from deploy.web_console.live.feed_row import OutputKind


class Tone(StrEnum):
    """How to take it; colour is never the only thing that says so."""

    GOOD = "good"
    CARE = "care"
    BAD = "bad"
    PLAIN = "plain"


_TONES: Final = {
    "accepted": Tone.GOOD,
    "failed": Tone.CARE,
    "refused": Tone.BAD,
    "enabled": Tone.GOOD,
    "re-enabled": Tone.GOOD,
    "rearmed": Tone.GOOD,
    "disabled": Tone.BAD,
    "fallback-required": Tone.CARE,
    "re-enable-required": Tone.CARE,
    "refresh-advised": Tone.CARE,
}


def tone_of(kind: OutputKind, name: str) -> Tone:
    """The tone of an output."""
    return Tone.BAD if kind is OutputKind.DEAD_LETTER else _TONES.get(name, Tone.PLAIN)
