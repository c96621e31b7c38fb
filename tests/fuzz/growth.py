"""`python -m tests.fuzz.growth`: what inputs cost as they get larger, and what they leave behind.

Cost: hostile texts of doubling size, the processor time of each against the one before. Linear is
2, quadratic is 4; what is above 3 at the largest sizes is a finding. Memory: what is resident after
the last third of some thousand inputs and was not before it; above 2 MiB is a finding. Part of
`make fuzz`, not of the tests: it takes time and measures it.
"""

import gc
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import psutil

from agents.publisher_keys import read_publisher_keys
from deploy.publishing.lines import LINE_BYTES_MAX
from events.errors import BiolatchError
from events.timestamps import parse_rfc3339
from schemas.publishing import read_line
from schemas.strict_json import read_json
from tests.fuzz.corpus import kept
from tests.fuzz.seeds import short
from tests.fuzz.signing_keys import keys_path
from tests.fuzz.targets import TARGETS
from tests.unit.sound_records import FINISHED, binary, read, structured

_INPUTS: Final = 2_000
_RATIO_MAX: Final = 3.0
_GROWN_BYTES_MAX: Final = 2 * 1024 * 1024
_REPEATS: Final = 7
_SIZES: Final = tuple(LINE_BYTES_MAX >> halvings for halvings in (4, 3, 2, 1, 0))

_SHAPES: Final[dict[str, Callable[[int], bytes]]] = {
    "brackets, open": lambda size: b"[" * size,
    "brackets, closed": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "brackets side by side": lambda size: b'{"a":[' + b"[]," * (size // 3) + b"[]]}",
    "quotes": lambda size: b'{"a":"' + b'\\"' * (size // 2) + b'"}',
    "backslashes": lambda size: b'{"a":"' + b"\\\\" * (size // 2) + b'"}',
    "escapes": lambda size: b'{"a":"' + rb"\ud83d\ude00" * (size // 12) + b'"}',
    "digits": lambda size: b'{"a":' + b"9" * size + b"}",
    "digits of a fraction": lambda size: b'{"a":0.' + b"9" * size + b"}",
    "many numbers": lambda size: b'{"a":[' + (b"9" * 399 + b",") * (size // 400) + b"1]}",
    "many members": lambda size: (
        b"{" + b",".join(b'"%d":1' % number for number in range(size // 9)) + b"}"
    ),
    "one member again and again": lambda size: b"{" + b'"a":1,' * (size // 6) + b'"a":1}',
    "spaces": lambda size: b'{"a" ' + b" " * size + b":1}",
    "not UTF-8 at the end": lambda size: b'{"a":"' + b"x" * size + b'\xff"}',
}


def _readers() -> dict[str, Callable[[bytes], object]]:
    keys_file = keys_path().with_name("grown.json")
    keys_file.touch(mode=0o600)

    def read_keys(text: bytes) -> object:
        keys_file.write_bytes(text)
        return read_publisher_keys(keys_file)

    return {
        "JSON": read_json,
        "line to publish": read_line,
        "keys file": read_keys,
        "time": lambda text: parse_rfc3339("2026-01-01T00:00:00." + text.decode("latin-1") + "Z"),
    }


def _took_s(reader: Callable[[bytes], object], text: bytes) -> float:
    """The least processor time of some runs: whatever disturbs makes it longer."""
    times: list[float] = []
    for _ in range(_REPEATS):
        began = time.process_time()
        with suppress(BiolatchError, ValueError):
            reader(text)
        times.append(time.process_time() - began)
    return min(times)


def costs() -> list[str]:
    """Print how cost grows; the findings."""
    findings: list[str] = []
    worst = 0.0
    slowest_s = 0.0
    for name, reader in _readers().items():
        for shape, text in _SHAPES.items():
            took_s = [_took_s(reader, text(size)) for size in _SIZES]
            # Below a tenth of a millisecond, everything else weighs more than the input.
            ratio = took_s[-1] / max(took_s[-3], 1e-4)
            worst, slowest_s = max(worst, ratio**0.5), max(slowest_s, took_s[-1])
            if ratio > _RATIO_MAX**2:
                findings.append(f"{name}, {shape}: {[f'{one:.4f}' for one in took_s]} s")
    _say(
        f"Cost: {len(_SHAPES)} shapes by {len(_readers())} readers, up to {_SIZES[-1]:,} bytes: "
        f"twice the size costs {worst:.2f} times as much at most; the slowest takes "
        f"{slowest_s * 1000:.1f} ms."
    )
    return findings


def refusals() -> None:
    """Print what the largest value costs a worker, which reads nothing that is larger."""
    size = 16 * 1024
    took_s = max(
        _took_s(lambda data, mode=mode: read(mode(FINISHED, data)), text(size - 400))
        for mode in (binary, structured)
        for text in _SHAPES.values()
    )
    _say(f"A record of 16 KiB takes a worker {took_s * 1000:.2f} ms at most to refuse.")


def leftovers() -> list[str]:
    """Print what the targets leave in memory; the findings."""
    findings: list[str] = []
    process = psutil.Process()
    for name, target in TARGETS.items():
        known = short([*target.seeds(), *kept(name)])
        resident: list[int] = []
        for part in range(3):
            _run(target.run, known, _INPUTS, seed=part)
            gc.collect()
            resident.append(process.memory_info().rss)
        grown = resident[2] - resident[1]
        _say(f"Memory: {name}: {_INPUTS:,} inputs more, {grown / 1024:,.0f} KiB more")
        if grown > _GROWN_BYTES_MAX:
            findings.append(f"{name}: {grown:,} bytes more after {_INPUTS:,} inputs more")
    return findings


def _run(run: Callable[[bytes], None], known: list[bytes], inputs: int, *, seed: int) -> None:
    """Known inputs, each with some bytes changed."""
    chance = random.Random(seed)
    for _ in range(inputs):
        data = bytearray(chance.choice(known))
        for _change in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        run(bytes(data))


def main() -> int:
    """Measure; the exit code."""
    refusals()
    findings = [*costs(), *leftovers()]
    for finding in findings:
        _say(f"FINDING: {finding}")
    return int(bool(findings))


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
