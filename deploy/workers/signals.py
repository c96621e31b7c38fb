"""The worker that `biolatch run --agents signals` starts: the Shared Signals transmitter."""

from agents.agent_process import run_single
from agents.log_output import write_log
from agents.metrics.at_work import AtWork
from agents.settings import load_settings
from agents.signals.transmitter import Transmitter
from deploy.broker_address import at_the_broker_of_this_folder


def work(*, compiled: bool) -> int:
    """Serve until told to stop; returns the exit code.

    Args:
        compiled: whether rules and codec run as machine code; nothing here needs them.

    Raises:
        Misconfigured: a setting is wrong, or metrics cannot be shown where it says.
    """
    del compiled
    settings = at_the_broker_of_this_folder(load_settings())
    at_work = AtWork("it does not answer requests yet")
    transmitter = Transmitter(settings, at_work)
    write_log(settings.log)
    return run_single(settings.metrics, "signals", transmitter.run, at_work)
