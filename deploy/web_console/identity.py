"""Who somebody is to the console, and what that lets them do."""

from enum import StrEnum
from typing import NamedTuple


class ConsoleRole(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    """Looks at everything, with every id masked."""
    OPERATOR = "operator"
    """Sees ids and contents in clear, and acts."""


class Identity(NamedTuple):
    """Somebody who has logged in.

    Attributes:
        name: how the log calls them.
        role: what they may do.
    """

    name: str
    role: ConsoleRole

    @property
    def is_operator(self) -> bool:
        """Whether ids are shown in clear, and actions are open."""
        return self.role is ConsoleRole.OPERATOR
