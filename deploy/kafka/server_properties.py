"""The configuration of a local broker, composed from plain settings and rendered for Java.

Owns which settings make one small broker that is broker and controller in one process. Must never
name an address other than loopback. Callers add or replace settings by name; whatever they say
wins, so that other set-ups (encryption, accounts, several brokers) need no change here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LOOPBACK: Final = "127.0.0.1"
NODE_ID: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The two TCP ports of a broker: for clients, and for its own controller."""

    client: int
    controller: int


def local_properties(ports: Ports, *, log_folder: str) -> dict[str, str]:
    """Settings of a broker that serves one developer: quick to start and small.

    Args:
        ports: where it listens.
        log_folder: where its records lie, relative to its working folder; a comma would split it.
    """
    client = f"CLIENT://{LOOPBACK}:{ports.client}"
    controller = f"CONTROLLER://{LOOPBACK}:{ports.controller}"
    return {
        "process.roles": "broker,controller",
        "node.id": str(NODE_ID),
        "controller.quorum.voters": f"{NODE_ID}@{LOOPBACK}:{ports.controller}",
        "listeners": f"{client},{controller}",
        "advertised.listeners": client,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log_folder,
        # Topics come from `topics apply` alone; a misspelt name must be an error.
        "auto.create.topics.enable": "false",
        # One broker holds the only replica of Kafka's own topics. One partition of each is enough:
        # their number spreads load over brokers, and here there is one.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A first member need not wait 3 s for others to join.
        "group.initial.rebalance.delay.ms": "0",
        # A killed broker is known to the cluster until its session is over, and only then may come
        # back: 3 s instead of 9 s.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # Threads and buffers for one machine that also runs everything else. The cleaner's buffer
        # alone would be 128 MiB of heap by default.
        "num.network.threads": "1",
        "num.io.threads": "2",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "log.segment.bytes": str(16 * 1024 * 1024),
    }


def rendered(properties: Mapping[str, str]) -> str:
    """The text of a Java properties file, which is Latin-1 with escapes for everything else."""
    lines: list[str] = []
    for name, value in properties.items():
        key = _escaped(name).replace("=", "\\=").replace(":", "\\:").replace(" ", "\\ ")
        lines.append(f"{key}={_escaped(value)}\n")
    return "".join(lines)


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    if escaped.startswith(" "):  # Java drops blanks before a value
        escaped = f"\\{escaped}"
    # Java reads UTF-16 code units, each in four hexadecimal digits.
    units = escaped.encode("utf-16-be")
    return "".join(
        chr(unit) if unit < 0x80 else f"\\u{unit:04x}"  # noqa: PLR2004 (the end of ASCII)
        for unit in (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    )
