"""What a log may say of an error: its text only where that was written to be read by anybody.

Any other exception may have taken into its text what it stumbled over, a key or a value of a
record: a `KeyError` is nothing but that.
"""

from agents.lane.port import PoisonRecord


def told(error: BaseException) -> str:
    """The error's name, with its text where it was worded for a log.

    An error with a `code` of its own promises that, and so does `PoisonRecord`.
    """
    name = type(error).__name__
    if isinstance(error, PoisonRecord) or isinstance(getattr(error, "code", None), str):
        return f"{name}: {error}"
    return name
