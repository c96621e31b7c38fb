"""The worker that `biolatch run` starts: the devices agent on its lanes, as the settings say."""

import structlog

from agents.app import WorkerTopics, run_worker
from agents.devices import DevicesAgent
from agents.erasure_keys import ErasureKeys, read_erasure_keys
from agents.publisher_signatures import PublisherSignatures
from agents.setting_groups import ErasureSettings, SignaturesSettings
from agents.settings import Settings, load_settings
from deploy.broker_address import at_the_broker_of_this_folder
from schemas.topics import topology

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def work(*, compiled: bool) -> int:
    """Serve until told to stop; returns the exit code.

    Args:
        compiled: whether rules and codec run as machine code, for the log.

    Raises:
        Misconfigured: a setting is wrong.
    """
    settings = at_the_broker_of_this_folder(load_settings())
    topics = topology(settings.application.name)
    return run_worker(
        settings,
        DevicesAgent(
            settings.policy, _signatures(settings.signatures), _erasure_keys(settings.erasure)
        ),
        WorkerTopics(
            input=topics.device_events.name,
            changelog=topics.devices_changelog.name,
            outputs=(
                topics.verdicts.name,
                topics.decisions.name,
                topics.device_state.name,
                topics.dead_letters.name,
            ),
        ),
        on_start=lambda _status: _say_start(settings, compiled=compiled),
    )


def _say_start(settings: Settings, *, compiled: bool) -> None:
    _logger.info("worker.rules", compiled=compiled)
    if settings.erasure.mark_keys_file is None:
        _logger.warning(
            "worker.erasure-marks-in-clear",
            setting="BIOLATCH_ERASURE__MARK_KEYS_FILE is not set",
            fix="run `biolatch erasure-key generate FILE` and set it on every worker",
        )


def _signatures(settings: SignaturesSettings) -> PublisherSignatures | None:
    if settings.mode == "off" or settings.keys_file is None:
        return None
    return PublisherSignatures(settings.keys_file, mode=settings.mode)


def _erasure_keys(settings: ErasureSettings) -> ErasureKeys | None:
    return None if settings.mark_keys_file is None else read_erasure_keys(settings.mark_keys_file)
