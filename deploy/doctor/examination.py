"""The whole examination: every look, and what becomes of one that fails."""

import time
from collections.abc import Awaitable, Callable, Mapping

from agents.settings import Settings
from deploy.doctor.cluster import checks_of_the_cluster
from deploy.doctor.finding import Check, Finding, Severity
from deploy.doctor.here import checks_here
from deploy.doctor.work import checks_of_the_work
from deploy.records.connection import connection_to
from deploy.records.sequence import ScanProgress, untold
from events.errors import Misconfigured, TransientFailure
from schemas.rights import Role

_FIXES = {
    "topics.missing": "biolatch topics apply",
    "kafka.unreachable": "biolatch kafka start, or set BIOLATCH_KAFKA__BOOTSTRAP_SERVERS",
}


async def examine(
    settings: Settings,
    users: Mapping[Role, tuple[str, ...]],
    *,
    on_progress: ScanProgress = untold,
) -> list[Check]:
    """Look at everything; a look that fails is a finding, and the others go on.

    Args:
        settings: of this process; best those of a worker.
        users: who has a role on the cluster.
        on_progress: told how far a long read has come.
    """
    now_ms = int(time.time() * 1000)
    checks = checks_here(settings, now_ms)
    try:
        connection = connection_to(settings.kafka)
    except Misconfigured:
        return checks  # its files are among the findings
    return [
        *checks,
        *await _looked("the cluster", lambda: checks_of_the_cluster(settings, connection, users)),
        *await _looked(
            "the work", lambda: checks_of_the_work(settings, connection, now_ms, on_progress)
        ),
    ]


def settings_refused(error: Misconfigured) -> list[Check]:
    """What is to be said where there are no settings to look with."""
    fix = "see docs/reference/settings.md"
    found = Finding(error.code, Severity.ERROR, str(error), fix)
    return [Check("settings", "refused", [found])]


async def _looked(what: str, look: Callable[[], Awaitable[list[Check]]]) -> list[Check]:
    try:
        return await look()
    except (Misconfigured, TransientFailure) as error:
        fix = _FIXES.get(error.code, "see docs/reference/commands.md, biolatch doctor")
        found = Finding(error.code, Severity.ERROR, str(error), fix)
        return [Check(what, "could not be looked at", [found])]
