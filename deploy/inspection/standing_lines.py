"""The users of a device, one block each: the answer first, then what there is to know."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from deploy.inspection.standing import Answer, Fact, facts_of, may_use_biometrics
from deploy.inspection.visible_text import visible
from events.public_state import PublicState

_ANSWERS: Final = {
    Answer.YES: ("may use biometrics now", "bold green"),
    Answer.OTHER_LOGIN: ("may use biometrics in the next login, not in this one", "bold yellow"),
    Answer.NO: ("may not use biometrics now", "bold red"),
}
_INDENT: Final = "  "
_LABEL_WIDTH: Final = 12


def show_users(
    console: Console,
    state: PublicState,
    *,
    now_ms: int,
    more: Mapping[str, Sequence[Fact]] | None = None,
) -> None:
    """Print every user, and behind the state's own facts whatever more is known of them."""
    for user_id, user in state.users.items():
        answer, style = _ANSWERS[may_use_biometrics(user, now_ms=now_ms)]
        console.print()
        console.print(Text.assemble(visible(user_id), " ", (answer, style)), soft_wrap=True)
        show_facts(console, [*facts_of(user, now_ms=now_ms), *(more or {}).get(user_id, ())])


def show_facts(console: Console, facts: Sequence[Fact]) -> None:
    """Print labels and words in two columns; words that do not fit go on below themselves."""
    for label, words in facts:
        head = f"{_INDENT}{label.ljust(_LABEL_WIDTH)}"
        if not console.is_terminal:
            console.print(Text(f"{head}{words}"), soft_wrap=True)
            continue
        room = max(console.width - len(head), 1)
        lines = Text(words).wrap(console, room)
        for number, line in enumerate(lines):
            console.print(Text.assemble((head if number == 0 else " " * len(head), "dim"), line))
