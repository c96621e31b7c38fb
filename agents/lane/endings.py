"""What ends a session besides a failure of the log.

Owns the words between a session and its lane: which must wait for somebody, and which open anew.
"""


class Parked(Exception):  # noqa: N818 - a state, not a mistake
    """The partition must not be served on; the message says why, for an operator.

    Attributes:
        changelog_end: the changelog's end offset, when nothing was written since it was read.
    """

    def __init__(self, reason: str, changelog_end: int | None = None) -> None:
        super().__init__(reason)
        self.changelog_end = changelog_end


class Interrupted(Exception):  # noqa: N818 - control flow between a session and its lane
    """The session has done all it could; open another at once."""
