"""What is counted of every answer, for whoever watches the workers: kinds and reasons, never an id.

Owns the names of the counts. Pure, for it runs with the rules: the lane adds the counts up when
the answers are committed, and `agents.metrics` shows them.
"""

from typing import Final

from agents.core.decide import Decided
from agents.lane.port import Count
from events.decisions import DECISION_TYPES, Decision
from events.verdicts import VERDICT_TYPES, Refused, Verdict

VERDICT: Final = "verdict"
"""With the kind of the verdict, as `kind_of` names it."""
REFUSAL: Final = "refusal"
"""With the reason of a refused verdict."""
DECISION: Final = "decision"
"""With the kind of the decision and its reason; without one, with an empty text."""
DEAD_LETTER: Final = "dead_letter"
"""With the code of the dead letter."""
SKIPPED: Final = "skipped"
"""A record that its row had already."""


def kind_of(output: type[Verdict] | type[Decision]) -> str:
    """The kind of a verdict or a decision: its event type without what all of them share."""
    return output.event_type.split(".")[2]


_VERDICTS: Final[dict[type[Verdict], Count]] = {
    verdict: (VERDICT, kind_of(verdict)) for verdict in VERDICT_TYPES
}
_DECISIONS: Final[dict[type[Decision], str]] = {
    decision: kind_of(decision) for decision in DECISION_TYPES
}


def count(counts: dict[Count, int], counted: Count) -> None:
    """Count one."""
    counts[counted] = counts.get(counted, 0) + 1


def count_answer(counts: dict[Count, int], decided: Decided) -> None:
    """Count a verdict and its decisions."""
    verdict = decided.verdict
    count(counts, _VERDICTS[type(verdict)])
    if isinstance(verdict, Refused):
        count(counts, (REFUSAL, str(verdict.reason)))
    for decision in decided.decisions:
        reason = getattr(decision, "reason", None)
        count(counts, (DECISION, _DECISIONS[type(decision)], "" if reason is None else str(reason)))
