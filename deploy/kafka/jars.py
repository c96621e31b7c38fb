"""The jars of Apache Kafka: which ones, where they are cached, and that nobody changed them.

`kafka-jars.lock.toml` (written by `deploy.kafka.relock`, in jgo's format) names every jar with its
SHA-256. A start uses exactly those, from the user's cache, and compares every file each time: the
broker that runs in tests and demos must be the one that was reviewed.
"""

import fcntl
import hashlib
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cache_folder import cache_folder
from events.errors import InvariantBroken, Misconfigured

LOCK: Final = Path(__file__).with_name("kafka-jars.lock.toml")

_BROKER: Final = "kafka_2.13"
_FETCHES_AT_ONCE: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One locked jar: its Maven coordinate and the SHA-256 of its bytes, in hexadecimal."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of its file, unique within the lock."""
        return f"{self.artifact}-{self.version}.jar"


FetchProgress = Callable[[int, int], None]
"""Told how many of how many jars are there by now; never called if none was missing."""


def untold(_done: int, _total: int) -> None:
    """The progress of a fetch that nobody watches."""


def locked_jars(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Every jar that the broker needs, in the order of the lock."""
    table = tomllib.loads(lock.read_text(encoding="utf-8"))
    return tuple(
        Jar(
            group=entry["groupId"],
            artifact=entry["artifactId"],
            version=entry["version"],
            sha256=entry["sha256"],
        )
        for entry in table["dependencies"]
    )


def kafka_version(jars: Iterable[Jar]) -> str:
    """The version of the broker among its jars."""
    for jar in jars:
        if jar.artifact == _BROKER:
            return jar.version
    raise InvariantBroken("kafka.lock-without-broker", f"no {_BROKER} in {LOCK.name}")


def jar_folder() -> Path:
    """Where the jars are cached."""
    return cache_folder() / "kafka-jars"


def verified_jars(
    jars: tuple[Jar, ...], folder: Path, on_progress: FetchProgress = untold
) -> tuple[Path, ...]:
    """Files that hold exactly the locked bytes, fetched first where they are missing.

    Blocks for the time of a download; several processes may call it at once, on an empty folder
    too: one fetches, the others wait for it.

    Raises:
        Misconfigured: a file in the cache, or what the repository hands out, is not what the lock
            says; or the folder cannot be written.
        TransientFailure: a jar is missing and cannot be fetched now.
    """
    if any(not (folder / jar.file_name).exists() for jar in jars):
        _fill(jars, folder, on_progress)
    for jar in jars:
        path = folder / jar.file_name
        if (found := _sha256(path)) != jar.sha256:
            raise Misconfigured(
                "kafka.jar-changed",
                f"{path} is not the file that biolatch was released with (SHA-256 {found}, locked "
                f"is {jar.sha256}); somebody or something changed it. Delete that file and start "
                "again: it is fetched anew and compared.",
            )
    return tuple(folder / jar.file_name for jar in jars)


def _fill(jars: tuple[Jar, ...], folder: Path, on_progress: FetchProgress) -> None:
    """Fetch what is missing, each file appearing under its name only whole and compared."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "fetch.lock").open("a")
    except OSError as error:
        raise Misconfigured(
            "kafka.cache-not-writable",
            f"the jars of Apache Kafka cannot be kept in {folder}: {error.strerror}. Set "
            "BIOLATCH_CACHE to a folder that you may write.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Asked again under the lock: another process may have just fetched them.
        missing = [jar for jar in jars if not (folder / jar.file_name).exists()]
        if not missing:
            return
        for abandoned in folder.glob("fetching-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        on_progress(len(jars) - len(missing), len(jars))
        with (
            tempfile.TemporaryDirectory(prefix="fetching-", dir=folder) as incoming,
            ThreadPoolExecutor(_FETCHES_AT_ONCE) as pool,
        ):
            fetches = [pool.submit(_fetch_one, jar, Path(incoming), folder) for jar in missing]
            try:
                for done, fetch in enumerate(as_completed(fetches), start=1):
                    fetch.result()
                    on_progress(len(jars) - len(missing) + done, len(jars))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _fetch_one(jar: Jar, incoming: Path, folder: Path) -> None:
    # jgo takes 0.3 s to import and is needed once per machine, not at every start.
    from deploy.kafka.maven import fetch  # noqa: PLC0415 (see above)

    fetched = fetch(jar.group, jar.artifact, jar.version, into=incoming)
    if (found := _sha256(fetched)) != jar.sha256:
        raise Misconfigured(
            "kafka.jar-refused",
            f"the repository handed out another {jar.file_name} than biolatch was released with "
            f"(SHA-256 {found}, locked is {jar.sha256}). It was not kept. Ask whoever runs the "
            "mirror or proxy in between.",
        )
    fetched.replace(folder / jar.file_name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
