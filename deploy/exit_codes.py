"""What a `biolatch` process says by its exit code; scripts and schedulers rely on these numbers."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Every code with which a command may end. A number never changes its meaning."""

    OK = 0
    FAILED = 1
    """The command ran and its answer is bad news: findings, refused input, a failed check."""
    USAGE = 2
    """The command line itself is wrong; nothing was done."""
    MISCONFIGURED = 3
    """A setting, a file or a right stands in the way; trying again without a change is useless."""
    UNAVAILABLE = 4
    """The broker, the network or a lock did not answer in time; trying again later may help."""
    DRIFT = 5
    """The cluster differs from what this version expects; the report says how to mend it."""
    DEFECT = 70
    """biolatch itself is at fault; the message asks for a report."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""
