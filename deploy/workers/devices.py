"""The worker that `biolatch run` starts: the devices agent on its lanes, as the settings say."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import structlog

from agents.app import WorkerTopics, run_worker
from agents.devices import DevicesAgent
from agents.erasure_keys import ErasureKeys, read_erasure_keys
from agents.lane.port import Notice, Partition
from agents.lane.status import Span, Teller
from agents.notice_lines import tell_in_lines
from agents.notices import NotingAgent
from agents.publisher_signatures import PublisherSignatures
from agents.setting_groups import ErasureSettings, SignaturesSettings
from agents.settings import Settings, load_settings
from agents.tracing import Spans, tracer_provider
from agents.verification_processes import VerificationProcesses
from deploy.broker_address import at_the_broker_of_this_folder
from schemas.topics import topology

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

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
    with (
        closing(VerificationProcesses()) as processes,
        tracer_provider(settings.tracing, f"{settings.application.name}-devices") as provider,
    ):
        agent = DevicesAgent(
            settings.policy,
            _signatures(settings.signatures),
            _erasure_keys(settings.erasure),
            processes,
        )
        return run_worker(
            settings,
            NotingAgent(agent, follows_traces=provider is not None),
            WorkerTopics(
                input=topics.device_events.name,
                changelog=topics.devices_changelog.name,
                outputs=tuple(
                    topic.name for topic in topics.outputs if topic is not topics.devices_changelog
                ),
            ),
            tell=_teller(settings, provider),
            on_start=lambda _status: _say_start(settings, compiled=compiled),
        )


def _teller(settings: Settings, provider: "TracerProvider | None") -> Teller:
    if provider is None:
        return tell_in_lines
    spans = Spans(provider, settings.application.group)

    def tell(partition: Partition, notices: Sequence[Notice], span: Span) -> None:
        tell_in_lines(partition, notices, span)
        spans.tell(partition, notices, span)

    return tell


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
