"""The page of transitions: a state diagram and the whole matrix, from `agents.core.transitions`."""

from typing import Final

from agents.core.transitions import MATRIX, MOVES_OF_OTHERS, Cell, Standing

_CHANGE_FOUND_AT_LOGIN: Final = "refused biometrics_changed"
_HEAD: Final = """\
# Transitions

How an event moves its user on a device. Drawn from `agents/core/transitions.py` by `make docs`;
a test walks random histories and demands that every move stands here and that every line here
happens. Not shown, because they are the same everywhere and move nobody: refused `duplicate` and
refused `erased` (rules 1 and 2 of the rules page).

## Diagram

Moves from one status to another; what leaves the status as it is, is in the table below.
"""

_MATRIX_HEAD: Final = """
## Matrix

Rows are events, columns where their user stands. A cell holds each possible answer (the verdict,
with its reason where refused) and behind the arrow where the user stands then; no arrow: unchanged.
For an event about the phone (`biometrics.changed`, `device.erased` without a user) this holds for
each user that the device knows. An applied change leaves an enabled or falling-back user as they
are only under policy `os_upgrade_keeps_enabled`, for an upgrade of the operating system.
"""

_OTHERS_HEAD: Final = """
## Other users of the device

What an event may do to users other than its own: a biometric change is everyone's, and users
without a place leave.
"""


def transitions_page() -> str:
    """The page as Markdown."""
    parts = (_HEAD, _diagram(), _MATRIX_HEAD, _matrix(), _OTHERS_HEAD, _others())
    return "\n".join(parts)


def _diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR"]
    for source in Standing:
        for target in Standing:
            causes = _causes(source, target)
            if source is not target and causes:
                lines.append(f"    {source.value} --> {target.value}: {', '.join(causes)}")
    lines.append("```")
    return "\n".join(lines)


def _causes(source: Standing, target: Standing) -> list[str]:
    """What takes a user from one standing to another; a change found at login is one cause."""
    causes: dict[str, None] = {}
    for trigger, cells in MATRIX.items():
        for move in sorted(cells.get(source, frozenset())):
            if move.to is target:
                found = move.answer == _CHANGE_FOUND_AT_LOGIN
                causes["any attempt that shows a change" if found else trigger.value] = None
    return list(causes)


def _matrix() -> str:
    lines = [
        f"| event | {' | '.join(standing.value for standing in Standing)} |",
        f"|---|{'---|' * len(Standing)}",
    ]
    for trigger, cells in MATRIX.items():
        texts = [_cell(standing, cells.get(standing, frozenset())) for standing in Standing]
        lines.append(f"| {trigger.value} | {' | '.join(texts)} |")
    return "\n".join(lines)


def _cell(standing: Standing, cell: Cell) -> str:
    moves = sorted(cell, key=lambda move: (move.answer.startswith("refused"), move))
    return "<br>".join(
        move.answer if move.to is standing else f"{move.answer} → **{move.to.value}**"
        for move in moves
    )


def _others() -> str:
    lines = ["| event | other users |", "|---|---|"]
    for trigger, moves in MOVES_OF_OTHERS.items():
        if moves:
            texts = sorted(f"{source.value} → {target.value}" for source, target in moves)
            lines.append(f"| {trigger.value} | {', '.join(texts)} |")
    return "\n".join([*lines, ""])
