"""What a story is made of: rows of the feature table, and steps with what has to come out.

Owns the types; the story itself is in `deploy.demo.story`. An expectation names the fields that
matter to its row. What it does not name may be anything, but no decision may be missing or extra.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias


class SecondsAgo(NamedTuple):
    """An instant that is known only when the event is published."""

    seconds: int


class _Present:
    """Says that a field is there, whatever it holds."""

    def __repr__(self) -> str:
        return "(present)"


PRESENT: Final = _Present()

EventField: TypeAlias = str | int | bool | SecondsAgo
Expectation: TypeAlias = Mapping[str, object]
"""Fields that have to be so; `PRESENT` takes any value, None demands absence (or null)."""


@dataclass(frozen=True, slots=True)
class Event:
    """What the backend publishes: `biolatch.<name>.v1` about a device."""

    name: str
    device: str
    data: Mapping[str, EventField]

    @property
    def type(self) -> str:
        """Its CloudEvents type."""
        return f"biolatch.{self.name}.v1"


@dataclass(frozen=True, slots=True)
class Expected:
    """One verdict or decision: its kind (`refused`, `fallback-required`) and its fields."""

    kind: str
    fields: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event and everything that it has to lead to.

    Attributes:
        tells: what happens in the story; empty where the step before has said it.
        event: what the backend publishes.
        shows: its fields that matter here, beside those that always do.
        verdict: the answer to it.
        decisions: all of them, in their order.
        state: of the event's user in the device's public state afterwards; None does not look.
        untraceable: a text of the event that no topic of biolatch's own may carry.
    """

    tells: str
    event: Event
    shows: tuple[str, ...] = ()
    verdict: Expected
    decisions: tuple[Expected, ...] = ()
    state: Expectation | None = None
    untraceable: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the feature table: its name, what the help page promises, and its steps."""

    name: str
    promise: str
    steps: tuple[Step, ...]


def step(
    tells: str,
    event: Event,
    verdict: Expected,
    *decisions: Expected,
    shows: tuple[str, ...] = (),
    state: Expectation | None = None,
    untraceable: str | None = None,
) -> Step:
    """A step, written in the order in which it happens."""
    return Step(
        tells=tells,
        event=event,
        shows=shows,
        verdict=verdict,
        decisions=decisions,
        state=state,
        untraceable=untraceable,
    )


def accepted(**fields: object) -> Expected:
    """The check stands in for the password."""
    return Expected("accepted", {"guidance": "none", **fields})


def failed(attempts_left: int) -> Expected:
    """A rejected check that counts."""
    return Expected("failed", {"attempts_left": attempts_left})


def not_counted() -> Expected:
    """A prompt that ended without an answer."""
    return Expected("not-counted", {})


def applied(**fields: object) -> Expected:
    """The event did what it says."""
    return Expected("applied", {"guidance": "none", **fields})


def noted() -> Expected:
    """There was nothing to change but a note."""
    return Expected("noted", {"guidance": "none"})


def refused(reason: str, guidance: str) -> Expected:
    """A rule refused the event."""
    return Expected("refused", {"reason": reason, "guidance": guidance})


def decided(kind: str, **fields: object) -> Expected:
    """A decision."""
    return Expected(kind, fields)
