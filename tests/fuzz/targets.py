"""The fuzz targets: what is fed with hostile bytes, what it starts from, and how much of it."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from tests.fuzz import (
    codec_targets,
    device_signature_target,
    log_targets,
    rule_targets,
    seeds,
    signature_targets,
)


class Target(NamedTuple):
    """One target.

    Attributes:
        run: takes any bytes; raises only at a finding.
        seeds: what to start from.
        inputs: how many inputs `make fuzz` gives it at least.
        bytes_max: the longest of them.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    inputs: int
    bytes_max: int = 4096


TARGETS: Final = {
    "inputs": Target(codec_targets.inputs, seeds.records, 100_000),
    "json": Target(codec_targets.json_text, seeds.json_texts, 200_000),
    "timestamps": Target(codec_targets.timestamps, seeds.times, 250_000, 128),
    "publish-lines": Target(codec_targets.lines, seeds.lines, 60_000),
    "dead-letters": Target(codec_targets.dead_letters, seeds.records, 50_000),
    "publisher-signatures": Target(
        signature_targets.publisher_signatures, seeds.signatures, 80_000
    ),
    "device-signatures": Target(
        device_signature_target.device_signatures, device_signature_target.tokens, 50_000
    ),
    "keys-file": Target(signature_targets.keys_file, seeds.key_files, 20_000),
    "rules": Target(rule_targets.rules, seeds.histories, 20_000, 2048),
    "devices-agent": Target(rule_targets.devices_agent, seeds.batches_of_records, 30_000, 8192),
    "rows": Target(log_targets.rows, seeds.rows, 250_000),
    "positions": Target(log_targets.positions, seeds.positions, 80_000, 512),
    "record-batches": Target(log_targets.record_batches, seeds.record_batches, 100_000),
    "changelog": Target(log_targets.changelog, seeds.record_batches, 80_000),
}
