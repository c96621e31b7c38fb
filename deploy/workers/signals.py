"""The worker that `biolatch run --agents signals` starts: the Shared Signals transmitter."""

from agents.log_output import write_log
from agents.settings import load_settings
from agents.signals.transmitter import Transmitter
from agents.supervise import supervise
from deploy.broker_address import at_the_broker_of_this_folder


def work(*, compiled: bool) -> int:
    """Serve until told to stop; returns the exit code.

    Args:
        compiled: whether rules and codec run as machine code; nothing here needs them.

    Raises:
        Misconfigured: a setting is wrong.
    """
    del compiled
    settings = at_the_broker_of_this_folder(load_settings())
    transmitter = Transmitter(settings)
    write_log(settings.log)
    return supervise(transmitter.run)
