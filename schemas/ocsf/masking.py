"""How ids stand in the feed: masked, and free texts only where no id stands in them.

Owns what may leave biolatch in clear. Who makes the masks, and under which key, is the shell's.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

TEXT_LENGTH_MAX: Final = 128
"""Characters that the feed keeps of a text that a publisher has written."""

_ID_LENGTH_SEARCHED: Final = 6
"""An id as long as this is not looked for as a whole only, but within a text, too."""


class IdKind(StrEnum):
    """What an id names; masks of different kinds never agree."""

    DEVICE = "device"
    USER = "user"
    LOGIN = "login"
    EVENT = "event"
    SOURCE = "source"


class Masked(NamedTuple):
    """An id as the feed has it.

    Attributes:
        uid: under the key that masks now.
        uid_alt: under another key, while two are in use; so what came before and after a change of
            keys can still be brought together.
    """

    uid: str
    uid_alt: str | None = None


class Mask(Protocol):
    """Turns ids into what tells nobody whose they are."""

    def __call__(self, kind: IdKind, identifier: str, /) -> Masked:
        """Mask an id: the same one to the same, under one key."""
        ...


def told(text: str | None, ids: Sequence[str | None]) -> str | None:
    """A publisher's text as the feed may carry it; None where one of these ids stands in it.

    Ids of fewer than 6 characters only count where they are the whole text: a user `17` says
    nothing about version `17.1`.
    """
    if not text:
        return None
    for identifier in ids:
        if not identifier:
            continue
        if identifier == text or (len(identifier) >= _ID_LENGTH_SEARCHED and identifier in text):
            return None
    return text[:TEXT_LENGTH_MAX]
