"""The worker that `biolatch run --agents notifier` starts: messages for people, as webhooks."""

import structlog

from agents.agent_process import run_groups
from agents.delivery_worker import DeliveryWorker
from agents.log_output import write_log
from agents.notifier.worker import NAME, notifier_agent
from agents.settings import load_settings
from deploy.broker_address import at_the_broker_of_this_folder

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def work(*, compiled: bool) -> int:
    """Serve until told to stop; returns the exit code.

    Args:
        compiled: whether rules and codec run as machine code, for the log.

    Raises:
        Misconfigured: a setting is wrong, or metrics cannot be shown where it says.
    """
    settings = at_the_broker_of_this_folder(load_settings())
    agent = notifier_agent(settings.notifier)
    write_log(settings.log)
    _logger.info("worker.rules", compiled=compiled)
    worker = DeliveryWorker(settings, agent)
    return run_groups(settings.metrics, NAME, worker.run, {agent.input: worker.status})
