"""The questions that come ready: what each asks, what can be set, and how its answer is drawn.

Owns the list. The SQL lies beside it in `sql/`, one file a question, to be read and taken along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

SQL: Final = Path(__file__).parent / "sql"
"""Where the queries are."""


class QuestionName(StrEnum):
    """A question, as the command line calls it."""

    CHANGE_THEN_SUCCESS = "change-then-success"
    FAILURES = "failures"
    DISABLE_RATE = "disable-rate"
    REACTION_TIME = "reaction-time"
    RE_ENABLED = "re-enabled"
    STUCK = "stuck"
    GAPS = "gaps"
    UNTRUSTED = "untrusted"


class Parameter(StrEnum):
    """What can be set of a question; the name in its SQL."""

    MINUTES = "minutes"
    BY = "by"
    MINIMUM = "minimum"
    DAYS = "days"


class Series(NamedTuple):
    """One kind of bar.

    Attributes:
        column: what is drawn.
        name: how the legend calls it.
    """

    column: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """How an answer is drawn: bars, one group for each row or for each label.

    Attributes:
        labels: the columns that name a group.
        series: the bars of a group, one or two; none counts the rows of each label.
        unit: what the numbers are.
    """

    labels: Sequence[str]
    series: Sequence[Series] = ()
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that comes ready.

    Attributes:
        asks: the question itself.
        nothing: what an answer without rows means.
        parameters: what can be set, with what is meant otherwise.
        chart: how the answer is drawn.
    """

    asks: str
    nothing: str
    parameters: Mapping[Parameter, str | float] = field(
        default_factory=dict[Parameter, str | float]
    )
    chart: Chart


QUESTIONS: Final[Mapping[QuestionName, Question]] = {
    QuestionName.CHANGE_THEN_SUCCESS: Question(
        asks="Which devices had their biometrics changed, and a login with them soon after?",
        nothing="No device had a biometric login so soon after a change.",
        parameters={Parameter.MINUTES: 60},
        chart=Chart(
            labels=("device",),
            series=(Series("minutes", "from the change to the login"),),
            unit="minutes",
        ),
    ),
    QuestionName.FAILURES: Question(
        asks="Who fails more often than all together do?",
        nothing="Nobody fails more often than all together do.",
        parameters={Parameter.BY: "device", Parameter.MINIMUM: 3},
        chart=Chart(
            labels=("of",),
            series=(Series("failures", "rejected"), Series("expected", "expected")),
            unit="biometric checks",
        ),
    ),
    QuestionName.DISABLE_RATE: Question(
        asks="Which models and systems are switched off, or fall back to the password, most often?",
        nothing="No device is known.",
        chart=Chart(
            labels=("model", "os"),
            series=(
                Series("disabled_percent", "switched off"),
                Series("fell_back_percent", "fell back to the password"),
            ),
            unit="percent of the devices",
        ),
    ),
    QuestionName.REACTION_TIME: Question(
        asks="How long from the risk on the phone until biometrics were switched off?",
        nothing="Nothing was switched off for a risk.",
        chart=Chart(
            labels=("reason",),
            series=(Series("total_p50_s", "half of them"), Series("total_p99_s", "99 of 100")),
            unit="seconds, at most",
        ),
    ),
    QuestionName.RE_ENABLED: Question(
        asks="Who switched what on again, and why had it been off?",
        nothing="Nobody has switched anything on again.",
        chart=Chart(labels=("reason",), unit="switched on again"),
    ),
    QuestionName.STUCK: Question(
        asks="Which devices were switched off by a risk, and are so still?",
        nothing="No device is stuck.",
        parameters={Parameter.DAYS: 7},
        chart=Chart(labels=("device",), series=(Series("days", "since"),), unit="days"),
    ),
    QuestionName.GAPS: Question(
        asks="Is the feed complete?",
        nothing="No event is kept.",
        chart=Chart(
            labels=("topic", "partition"),
            series=(Series("events", "kept"), Series("missing", "missing")),
            unit="events",
        ),
    ),
    QuestionName.UNTRUSTED: Question(
        asks="Which events were not signed, or badly?",
        nothing="No event was refused for its signature.",
        chart=Chart(
            labels=("signer", "reason"), series=(Series("events", "refused"),), unit="events"
        ),
    ),
}
"""Every question, in the order in which the help shows them."""

FAILURES_BY: Final = ("device", "user", "app-version", "os-version", "model")
"""What failures can be counted by."""


def sql_of(name: QuestionName) -> str:
    """The query of a question."""
    return (SQL / f"{name.value.replace('-', '_')}.sql").read_text(encoding="utf-8")
