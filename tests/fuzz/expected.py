"""What every target asks: an error is one of the declared ones, and says nothing about anybody."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from events.errors import BiolatchError, MalformedInput
from schemas.malformed import MalformedCode

_Read = TypeVar("_Read")

_CODES: Final = frozenset(code.value for code in MalformedCode)
_MESSAGE_LENGTH_MAX: Final = 300


def malformed_or(reading: Callable[[], _Read]) -> _Read | MalformedInput:
    """What is read, or the refusal, if that is as declared; anything else is raised."""
    try:
        return reading()
    except MalformedInput as error:
        check_refusal(error)
        return error


def check_refusal(error: MalformedInput) -> None:
    """A refusal has a code that is documented and a message that fits into a header and a log."""
    check_error(error, _CODES)


def check_error(error: BiolatchError, codes: AbstractSet[str]) -> None:
    """An error has one of these codes, and a message as everywhere."""
    assert error.code in codes, error.code
    check_message(error)


def check_message(error: BiolatchError) -> None:
    """One line of printable characters."""
    message = str(error)
    assert message.isprintable(), ascii(message)
    assert len(message) <= _MESSAGE_LENGTH_MAX, len(message)


def same(first: object, second: object) -> bool:
    """Whether two readers say the same: the same thing, or a refusal with the same code."""
    if isinstance(first, MalformedInput) and isinstance(second, MalformedInput):
        return first.code == second.code
    return first == second
