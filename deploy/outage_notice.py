"""Says that Kafka does not answer: once per outage, however often the outage is reported."""

import math
from collections.abc import Callable

from rich.console import Console


def outage_notice(
    console: Console, doing: str, *, wait_s_max: float, after_s: float = 0.0
) -> Callable[[float], None]:
    """A function to be told, again and again, for how many seconds Kafka has been silent.

    Args:
        console: where to say it.
        doing: what is done about it, and goes before the bound.
        wait_s_max: for how long that is done.
        after_s: shorter silences are not worth a word.
    """
    said_at_s = math.inf

    def notice(silence_s: float) -> None:
        nonlocal said_at_s
        if after_s <= silence_s < said_at_s:
            console.print(f"Kafka does not answer; {doing} for up to {wait_s_max:.0f} s.")
            said_at_s = silence_s

    return notice
