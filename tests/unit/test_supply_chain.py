# Goal: what is installed and run is what was reviewed, and nobody is told that all is well by a
# service that was not asked. (The jars' own checks: test_kafka_jars.py.)
import json
import re
import stat
from pathlib import Path

import pytest

from deploy.kafka.jars import locked_jars
from deploy.supply_chain.audit import Exit, judge, main
from deploy.supply_chain.kafka_jars import bill_of_materials

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LOCK = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,]+\])?==[^ ;]+( ;.*)?( \\)?")


@LOCK
def test_every_package_is_pinned_to_one_version_and_to_hashes_and_to_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="ascii")
    assert "://" not in text
    packages = re.split(r"\n(?=[^\s#])", text)
    pinned = [package for package in packages if not package.startswith("#")]
    assert pinned
    for package in pinned:
        first, *more = package.splitlines()
        assert PINNED.fullmatch(first), first
        hashes = [line for line in more if line.strip().startswith("--hash")]
        assert hashes
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)


def test_nothing_is_installed_without_its_hashes() -> None:
    programs = (ROOT / "Makefile", ROOT / "deploy" / "docker" / "Dockerfile")
    lines = [line for each in programs for line in each.read_text(encoding="utf-8").splitlines()]
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) >= len(LOCKS)
    for line in installs:
        itself = "--editable ." in line or line.endswith(" .")
        own = itself and "--no-deps" in line and "--no-build-isolation" in line
        assert own or "--require-hashes -r requirements/" in line


def test_the_bill_of_materials_names_every_jar_with_its_hash_and_nothing_of_this_machine() -> None:
    jars = locked_jars()
    bill = bill_of_materials(jars)
    listed = [
        (part["group"], part["name"], part["version"], part["hashes"][0]["content"])
        for part in bill["components"]
    ]
    assert listed == [(jar.group, jar.artifact, jar.version, jar.sha256) for jar in jars]
    text = json.dumps(bill)
    assert json.dumps(bill_of_materials(locked_jars())) == text
    assert re.findall(r"https?://[^/]+", text) == ["http://cyclonedx.org"]
    assert str(Path.home()) not in text
    assert "timestamp" not in text


def report(*packages: dict[str, object]) -> bytes:
    """What pip-audit writes."""
    return json.dumps({"dependencies": list(packages), "fixes": []}).encode()


CLEAN = {"name": "first", "version": "1.0", "vulns": []}
WEAK = {
    "name": "second",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": [], "description": "..."}],
}
SKIPPED = {"name": "third", "skip_reason": "Dependency not found and could not be audited"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ((CLEAN,), Exit.CLEAN, "1 of 1 packages audited"),
        ((CLEAN, WEAK), Exit.KNOWN_WEAKNESS, "second 2.0: PYSEC-2026-1, mended in 2.1"),
        ((CLEAN, SKIPPED), Exit.NOT_AUDITED, "NOT AUDITED: 1 packages"),
        ((WEAK, SKIPPED), Exit.KNOWN_WEAKNESS, "1 of 2 packages audited"),
    ],
)
def test_a_report_is_judged_by_what_was_really_asked(
    packages: tuple[dict[str, object], ...], code: Exit, said: str
) -> None:
    judgement = judge("runtime.txt", report(*packages), "")
    assert judgement.code is code
    assert said in "\n".join(judgement.lines)


@pytest.mark.parametrize("nothing", [b"", b"{}", b'{"dependencies":[]}', b"Traceback"])
def test_a_report_of_nothing_is_no_good_news(nothing: bytes) -> None:
    judgement = judge("runtime.txt", nothing, "a\nb\nConnectionError: no route to host\n")
    assert judgement.code is Exit.NOT_AUDITED
    assert "the advisory service could not be reached" in judgement.lines[0]
    assert judgement.lines[-1] == "ConnectionError: no route to host"


def test_the_command_asks_about_each_lock_and_ends_with_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"good.txt": report(CLEAN), "weak.txt": report(WEAK), "silent.txt": b""}
    for name, answer in answers.items():
        (tmp_path / name).write_bytes(answer)
    # Stands for pip-audit: the lock that it is asked about is its answer.
    pip_audit = tmp_path / "pip-audit"
    pip_audit.write_text('#!/bin/sh\ncat "$2"\n', encoding="ascii")
    pip_audit.chmod(stat.S_IRWXU)
    locks = {name: str(tmp_path / name) for name in answers}
    assert main([str(pip_audit), locks["good.txt"]]) == Exit.CLEAN
    assert main([str(pip_audit), locks["good.txt"], locks["silent.txt"]]) == Exit.NOT_AUDITED
    assert main([str(pip_audit), *locks.values()]) == Exit.KNOWN_WEAKNESS
    assert "it said nothing" in capsys.readouterr().out
