"""What a log may say of an error, and what it says that an operator can do.

An error's text is told only where that was written to be read by anybody. Any other exception may
have taken into its text what it stumbled over, a key or a value of a record: a `KeyError` is
nothing but that.
"""

from dataclasses import dataclass

from agents.lane.port import PoisonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCommands:
    """What an operator types about a partition: the words of the program that a lane is part of.

    Attributes:
        skip: sends the record that stops it to the dead letters; partition and offset follow.
        reset: decides where it goes on; the partition follows. None: there is no such command.
    """

    skip: str
    reset: str | None = None


def told(error: BaseException) -> str:
    """The error's name, with its text where it was worded for a log.

    An error with a `code` of its own promises that, and so does `PoisonRecord`.
    """
    name = type(error).__name__
    if isinstance(error, PoisonRecord) or isinstance(getattr(error, "code", None), str):
        return f"{name}: {error}"
    return name
