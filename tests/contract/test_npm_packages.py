# Goal: nothing is used that was not locked. What npm itself refuses is tried with the parser.
import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from deploy.contract.npm_packages import (
    LOCK,
    PARSER,
    deviations,
    installed_in,
    integrity_of,
    read_lock,
    run_npm,
)
from events.errors import Misconfigured

AJV = "node_modules/ajv"
NESTED = f"{AJV}/node_modules/@scope/inner"
TREE = {
    AJV: {"version": "8.20.0", "integrity": "sha512-one"},
    NESTED: {"version": "1.0.0", "integrity": "sha512-two"},
}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as npm leaves it, with these two packages."""
    for place, package in TREE.items():
        (tmp_path / place / "lib").mkdir(parents=True)
        about = {"name": place.rpartition("node_modules/")[2], "version": package["version"]}
        (tmp_path / place / "package.json").write_text(json.dumps(about))
        (tmp_path / place / "lib" / "package.json").write_text('{"type": "module"}')
    noted = {"packages": TREE}
    (tmp_path / "node_modules" / ".package-lock.json").write_text(json.dumps(noted))
    return tmp_path


def test_the_lock_names_version_and_hash_of_everything_and_no_address() -> None:
    lock: Any = read_lock()
    assert lock["tree"][f"node_modules/{PARSER}"]["version"] == lock["dependencies"][PARSER]
    for locked in (*lock["tree"].values(), *lock["files"].values()):
        assert re.fullmatch(r"\d+\.\d+\.\d+", locked["version"])
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", locked["integrity"])
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_a_tree_as_it_is_locked_does_not_differ(installed: Path) -> None:
    assert deviations({"tree": TREE}, installed_in(installed)) == []


def test_what_is_missing_too_much_or_another_is_named(installed: Path) -> None:
    locked: Any = deepcopy(TREE)
    locked[AJV]["version"] = "8.20.1"
    locked[NESTED]["integrity"] = "sha512-three"
    locked["node_modules/gone"] = {"version": "1.0.0", "integrity": "sha512-four"}
    (installed / "node_modules" / "more").mkdir()
    (installed / "node_modules" / "more" / "package.json").write_text('{"version": "1.0.0"}')
    assert deviations({"tree": locked}, installed_in(installed)) == [
        "node_modules/more is not locked",
        "node_modules/gone is missing",
        f"{AJV}: version is 8.20.0, not 8.20.1",
        f"{NESTED}: integrity is sha512-two, not sha512-three",
    ]


def test_a_hash_is_written_as_npm_writes_it() -> None:
    assert integrity_of(b"").startswith("sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8")


def test_where_there_is_no_npm_it_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="there is no npm"):
        run_npm(tmp_path, "--version")
