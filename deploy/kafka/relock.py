"""Renews the lock of Kafka's jars: `python -m deploy.kafka.relock 4.1.2`.

For the maintainer who moves to another Kafka: resolves the broker and everything it needs, and
writes the lock with the SHA-256 of each file as it was handed out now. Review the difference before
committing it; from then on every start compares against it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from jgo.env import EnvironmentBuilder, LockedDependency, LockFile
from jgo.maven import MavenContext

from deploy.kafka.jars import LOCK

_LOGGING: Final = "org.slf4j:slf4j-simple:2.0.17"
"""The simplest logging back-end; Kafka itself brings none."""


def renew(version: str, lock: Path = LOCK) -> int:
    """Write the lock for that version of Kafka; returns the number of jars."""
    with tempfile.TemporaryDirectory() as scratch:
        builder = EnvironmentBuilder(
            context=MavenContext(repo_cache=Path(scratch) / "repository"),
            cache_dir=Path(scratch) / "environments",
        )
        resolved = builder.from_endpoint(f"org.apache.kafka:kafka_2.13:{version}+{_LOGGING}")
        locked = LockFile.load(resolved.lock_path)
    # Sorted, so that a review sees only what really changed.
    locked.dependencies.sort(key=_coordinate)
    locked.save(lock)
    return len(locked.dependencies)


def _coordinate(jar: LockedDependency) -> tuple[str, str]:
    return jar.groupId, jar.artifactId


if __name__ == "__main__":
    sys.stderr.write(f"{renew(sys.argv[1])} jars locked in {LOCK.name}\n")
