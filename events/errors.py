"""The four kinds of error, and nothing else: who is at fault decides what happens next.

Every error that biolatch raises on purpose is one of these. `agents.supervise` is the one place
that maps a kind to what is done about it (dead letter, retry, refuse to start, crash). Messages
never carry a key, a token or a personal id: they end up in logs and in dead-letter headers.
"""


class BiolatchError(Exception):
    """Base of the four kinds.

    Attributes:
        code: stable, dotted, lower-case name of this very error, to match on.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class MalformedInput(BiolatchError):
    """The sender's fault: the record goes to the dead letters with its code, never retried."""


class TransientFailure(BiolatchError):
    """The environment's fault (broker, disk, network): retried with back-off, nothing committed."""


class Misconfigured(BiolatchError):
    """The operator's fault: refuse to start, say which setting and how to mend it."""


class InvariantBroken(BiolatchError):
    """Our fault: the partition is parked and people are called; never handled elsewhere."""
