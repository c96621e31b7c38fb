"""The worker of the security feed: three lanes' worth of topics in one process, exactly once.

Verdicts, decisions and dead letters each have a consumer group, a changelog and transactional ids
of their own, so that one kind that is held up does not hold up the others.
"""

from functools import partial

import structlog

from agents.agent_process import run_groups
from agents.analytics import AnalyticsAgent
from agents.app import Worker, WorkerTopics
from agents.feed_keys import FeedKeys, read_feed_keys
from agents.lane.status import WorkerStatus
from agents.lane.wording import OperatorCommands
from agents.log_output import write_log
from agents.settings import Settings, load_settings
from agents.together import run_together
from deploy.analytics.lanes import Lane, lanes
from deploy.broker_address import at_the_broker_of_this_folder
from events.errors import Misconfigured
from schemas.topics import topology

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def work(*, compiled: bool) -> int:
    """Serve until told to stop; returns the exit code.

    Args:
        compiled: of no concern here; the mapping is not compiled.

    Raises:
        Misconfigured: a setting is wrong, there are no keys to mask ids with, or metrics cannot be
            shown where a setting says.
    """
    del compiled
    settings = at_the_broker_of_this_folder(load_settings())
    keys = required_keys(settings)
    serving = workers(settings, keys)
    write_log(settings.log)
    _logger.info("analytics.masking", key=keys.key_ids[0], keys=len(keys.key_ids))
    main = partial(run_together, [worker.run for worker in serving])
    kinds = lanes(topology(settings.application.name))
    groups: dict[str, WorkerStatus] = {
        lane.input.name: worker.status for lane, worker in zip(kinds, serving, strict=True)
    }
    return run_groups(settings.metrics, "analytics", main, groups)


def required_keys(settings: Settings) -> FeedKeys:
    """The keys that mask ids; nothing goes into the feed without them.

    Raises:
        Misconfigured: there are none, or they cannot be used.
    """
    file = settings.analytics.mask_keys_file
    if file is None:
        raise Misconfigured(
            "analytics.no-keys",
            "the security feed masks every id, and BIOLATCH_ANALYTICS__MASK_KEYS_FILE is not set. "
            "Make a file with `biolatch feed-key generate FILE`, and set it on every analytics "
            "worker.",
        )
    return read_feed_keys(file)


def workers(settings: Settings, keys: FeedKeys) -> tuple[Worker, ...]:
    """One for each lane; they run together.

    Raises:
        Misconfigured: a file of certificates, keys or a password cannot be used.
    """
    return tuple(
        _worker(settings, lane, keys) for lane in lanes(topology(settings.application.name))
    )


def _worker(settings: Settings, lane: Lane, keys: FeedKeys) -> Worker:
    return Worker(
        lane.settings(settings),
        AnalyticsAgent(lane.mapping, keys),
        WorkerTopics(
            input=lane.input.name,
            changelog=lane.changelog.name,
            outputs=tuple(topic.name for topic in lane.outputs),
        ),
        commands=OperatorCommands(skip=lane.skip_command),
    )
