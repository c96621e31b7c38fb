"""The compiled rules and codec are there wherever they can be, are used, and do the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.compiled import build, modules, use

ROOT = Path(__file__).parents[2]

PROGRAM = """
import hashlib, json, sys
from deploy.compiled.use import use_compiled
if sys.argv[1] == "compiled":
    assert use_compiled()
from agents.core import decide
from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.erasure_keys import ErasureKeys
from agents.lane.port import Partition
from tests.property.history import generate

class Input:
    def __init__(self, raw):
        self.key, self.value, self.headers = raw.key, raw.value, raw.headers
        self.timestamp, self.offset = raw.timestamp_ms, raw.offset

agent = DevicesAgent(Policy(), erasure_keys=ErasureKeys([bytes(32)]))
rows, digest, counts = {}, hashlib.sha256(), {}
for raw in generate(seed=7, events=4_000).records:
    of_partition = rows.setdefault(raw.partition, {})
    result = agent(Partition(raw.topic, raw.partition), of_partition, [Input(raw)])
    of_partition.update(result.rows)
    digest.update(repr(result).encode())
    for topic, records in result.outgoing.items():
        counts[topic] = counts.get(topic, 0) + len(records)
print(json.dumps([decide.__file__, digest.hexdigest(), counts]))
"""


def ran(kind: str) -> tuple[str, str, dict[str, int]]:
    """The file of the rules, a digest of all results of a random history, and their number."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, kind],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    file, digest, counts = json.loads(done.stdout)
    return file, digest, counts


needs_compiler = pytest.mark.skipif(
    build.what_is_missing() is not None, reason=f"cannot compile here: no {build.what_is_missing()}"
)


@needs_compiler
def test_whoever_can_compile_has_compiled() -> None:
    assert modules.is_current(), "run `make compiled`"


@needs_compiler
def test_compiled_and_source_give_the_same_bytes() -> None:
    file, digest, counts = ran("compiled")
    assert file.endswith(".so")
    source_file, source_digest, source_counts = ran("source")
    assert source_file.endswith("agents/core/decide.py")
    assert counts == source_counts
    assert min(counts[topic] for topic in ("biolatch.verdicts", "biolatch.decisions")) > 1_000
    assert counts["biolatch.dead-letters"] > 50
    assert digest == source_digest


def test_a_change_of_the_source_makes_what_was_compiled_unusable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "events").mkdir()
    file = tmp_path / "events" / "word.py"
    file.write_text("one = 1\n")
    monkeypatch.setattr(modules, "ROOT", tmp_path)
    monkeypatch.setattr(modules, "STAMP", tmp_path / "stamp")
    assert not modules.is_current()
    (tmp_path / "stamp").write_text(modules.fingerprint())
    assert modules.is_current()
    file.write_text("one = 2\n")
    assert not modules.is_current()


def test_it_is_too_late_once_a_module_is_imported() -> None:
    import agents.core.decide  # noqa: F401, PLC0415 - that is the point

    before = list(sys.path)
    assert not use.use_compiled()
    assert sys.path == before


def test_every_module_is_there() -> None:
    assert all((ROOT / modules.source(name)).is_file() for name in modules.MODULES)
