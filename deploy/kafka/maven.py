"""Fetches one jar by its Maven coordinate; the only file that knows jgo.

Honours jgo's own settings file (`[repositories]` in `~/.config/jgo.conf`): a company's mirror named
there is asked before Maven Central. Whoever calls it compares the bytes with the lock.
"""

import time
from pathlib import Path
from typing import Final

import structlog
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from events.errors import TransientFailure

_ATTEMPTS: Final = 3
_PAUSE_S: Final = 0.5
_TIMEOUT_S: Final = 30

_log = structlog.get_logger(__name__)


def fetch(group: str, artifact: str, version: str, *, into: Path) -> Path:
    """The path of the downloaded jar, somewhere below `into`.

    Raises:
        TransientFailure: no repository handed it out, in a few attempts.
    """
    repositories = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    attempt = 1
    while True:
        # A folder of its own for each attempt: jgo takes a half-written file for a whole one.
        context = MavenContext(
            repo_cache=into / f"{artifact}-{attempt}",
            remote_repos=repositories,
            timeout=_TIMEOUT_S,
        )
        try:
            return context.project(group, artifact).at_version(version).artifact().resolve()
        # Network errors are OSErrors; jgo raises RuntimeError where no repository has the file.
        except (OSError, RuntimeError) as error:
            if attempt == _ATTEMPTS:
                raise TransientFailure(
                    "kafka.jar-not-fetched",
                    f"{artifact}-{version}.jar could not be fetched ({type(error).__name__}). The "
                    "first start needs the network, once: check the connection and HTTPS_PROXY, "
                    "or name your company's Maven mirror under [repositories] in "
                    "~/.config/jgo.conf.",
                ) from error
            _log.info("jar.not-fetched", jar=artifact, attempt=attempt, error=type(error).__name__)
        time.sleep(_PAUSE_S * attempt)
        attempt += 1
