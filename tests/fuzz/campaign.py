"""`python -m tests.fuzz.campaign`: every target under atheris, and a table of what it came to.

Bounded in inputs and in time. A finding is kept as a file, also over later campaigns, with the
command that repeats it; the exit code is 1 then, and also where fewer inputs were tried than were
to be. With `--keep` the minimised corpus replaces the kept one (`tests/fuzz/corpus`).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz.corpus import keep, kept
from tests.fuzz.seeds import short
from tests.fuzz.targets import TARGETS
from tests.fuzz.words import words

FOLDER: Final = Path(".fuzz")
"""Where a campaign works, and what it leaves: its corpus, its logs and its findings."""

_TARGETS: Final = ", ".join(TARGETS)
_SECONDS_MAX: Final = 900
_HANG_S: Final = 10
_MEMORY_MIB_MAX: Final = 1024
_KEPT_BYTES_MAX: Final = 32 * 1024
_COVERED: Final = re.compile(rb"cov: (\d+) ft: (\d+)")
_STATISTIC: Final = re.compile(rb"stat::(\w+):\s+(\d+)")
_DONE_S: Final = re.compile(rb"Done \d+ runs in (\d+) second")


class Outcome(NamedTuple):
    """What became of one target."""

    target: str
    wanted: int
    inputs: int
    seconds: int
    edges: int
    new: int
    peak_mib: int
    slowest_s: int
    findings: list[Path]


def main() -> int:
    """Run the campaign; the exit code."""
    arguments = _arguments()
    for left in ("corpus", "merged"):
        shutil.rmtree(FOLDER / left, ignore_errors=True)
    (FOLDER / "findings").mkdir(parents=True, exist_ok=True)
    (FOLDER / "words.dict").write_text(words(), encoding="ascii")
    names = arguments.target or list(TARGETS)
    with ThreadPoolExecutor(arguments.at_once) as pool:
        runs = [pool.submit(_fuzz, name, arguments.factor) for name in names]
        outcomes = []
        for run in runs:
            outcomes.append(run.result())
            _say(f"{outcomes[-1].target}: {outcomes[-1].inputs:,} inputs")
    if arguments.keep:
        for name in names:
            _say(f"{name}: {_minimise(name)} inputs kept")
    _say(_table(outcomes))
    return _verdict(outcomes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.campaign", description=__doc__, epilog=f"Targets: {_TARGETS}."
    )
    parser.add_argument("--factor", type=float, default=1.0, help="so many times the inputs")
    parser.add_argument(
        "--at-once", type=int, default=os.cpu_count() or 1, help="so many targets at once"
    )
    parser.add_argument("--keep", action="store_true", help="replace the kept corpus")
    parser.add_argument("target", nargs="*", metavar="TARGET", help="these only")
    arguments = parser.parse_args()
    if unknown := set(arguments.target) - set(TARGETS):
        parser.error(f"no target is called {', '.join(sorted(unknown))}; there are {_TARGETS}")
    return arguments


def _fuzz(name: str, factor: float) -> Outcome:
    target = TARGETS[name]
    corpus = _filled(FOLDER / "corpus" / name, [*short(target.seeds()), *kept(name)])
    known = len(list(corpus.iterdir()))
    before = set((FOLDER / "findings").iterdir())
    wanted = int(target.inputs * factor)
    done = _atheris(
        name,
        str(corpus),
        f"-runs={wanted}",
        f"-max_total_time={_SECONDS_MAX}",
        f"-max_len={target.bytes_max}",
        f"-timeout={_HANG_S}",
        f"-rss_limit_mb={_MEMORY_MIB_MAX}",
        f"-dict={FOLDER / 'words.dict'}",
        f"-artifact_prefix={FOLDER / 'findings' / name}-",
        "-print_final_stats=1",
        "-seed=20261125",
    )
    (FOLDER / f"{name}.log").write_bytes(done)
    statistics = {match[1]: int(match[2]) for match in _STATISTIC.finditer(done)}
    covered = _COVERED.findall(done)
    seconds = _DONE_S.search(done)
    return Outcome(
        name,
        wanted,
        statistics.get(b"number_of_executed_units", 0),
        int(seconds[1]) if seconds else 0,
        int(covered[-1][0]) if covered else 0,
        len(list(corpus.iterdir())) - known,
        statistics.get(b"peak_rss_mb", 0),
        statistics.get(b"slowest_unit_time_sec", 0),
        sorted(set((FOLDER / "findings").glob(f"{name}-*")) - before),
    )


def _atheris(name: str, *arguments: str) -> bytes:
    command = FOLDER / f"run-{name}"
    command.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz.one {name} "$@"\n', encoding="utf-8"
    )
    command.chmod(0o700)
    done = subprocess.run(  # noqa: S603 - the file that was just written
        [command, *arguments],
        env={**os.environ, "FUZZ_COMMAND": str(command)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout


def _filled(folder: Path, inputs: list[bytes]) -> Path:
    folder.mkdir(parents=True)
    for each in inputs:
        (folder / sha256(each).hexdigest()[:20]).write_bytes(each)
    return folder


def _minimise(name: str) -> int:
    """Keep what reaches more than the seeds do, up to a bound; how many that are."""
    merged = _filled(FOLDER / "merged" / name, short(TARGETS[name].seeds()))
    seeds = {file.name for file in merged.iterdir()}
    _atheris(name, "-merge=1", str(merged), str(FOLDER / "corpus" / name))
    found = [file.read_bytes() for file in merged.iterdir() if file.name not in seeds]
    found.sort(key=lambda each: (len(each), each))
    sizes = accumulate(map(len, found))
    return keep(
        name, [each for each, size in zip(found, sizes, strict=True) if size <= _KEPT_BYTES_MAX]
    )


def _table(outcomes: list[Outcome]) -> str:
    heads = ("target", "inputs", "s", "edges", "new", "peak MiB", "slowest", "findings")
    rows = [
        (
            one.target,
            f"{one.inputs:,}",
            str(one.seconds),
            str(one.edges),
            str(one.new),
            str(one.peak_mib),
            "< 1 s" if one.slowest_s == 0 else f"{one.slowest_s} s",
            str(len(one.findings)),
        )
        for one in outcomes
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in (heads, *rows)]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    total = sum(one.inputs for one in outcomes)
    return "\n".join(["", *lines, "", f"{total:,} inputs in all."])


def _verdict(outcomes: list[Outcome]) -> int:
    failed = False
    for one in outcomes:
        for file in one.findings:
            failed = True
            _say(f"FINDING: {sys.executable} -m tests.fuzz.repeat {one.target} {file}")
        if one.inputs < one.wanted and not one.findings:
            failed = True
            _say(f"{one.target}: only {one.inputs:,} of {one.wanted:,} inputs; see {FOLDER}")
    return int(failed)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
