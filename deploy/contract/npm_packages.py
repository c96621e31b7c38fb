"""What is fetched from npm, and nothing else: by name, version and SHA-512.

Owns the lock (`npm-packages.lock.json`), which names no download address: the registry is whichever
npm is set to. npm itself compares every file with the lock's hash, and afterwards the installed
tree is compared with the lock once more, for npm's word is not taken. No script of a package runs.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from events.errors import InvariantBroken, Misconfigured, TransientFailure

LOCK: Final = Path(__file__).parent / "npm-packages.lock.json"
PARSER: Final = "@asyncapi/parser"
VIEWER: Final = "@asyncapi/react-component"

_QUIET: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
_WITHIN_S: Final = 900

Lock = Mapping[str, Any]


def read_lock() -> Lock:
    """The lock: `tree` is what the parser consists of, `files` what is fetched alone."""
    lock: Lock = json.loads(LOCK.read_text(encoding="utf-8"))
    return lock


def install_parser(folder: Path, lock: Lock) -> None:
    """Install the parser into a folder.

    Raises:
        Misconfigured: there is no npm.
        TransientFailure: npm cannot fetch it, or what it got is not what the lock says.
        InvariantBroken: the installed tree is not what the lock says.
    """
    root = {"name": "contract-tools", "version": "0.0.0", "dependencies": lock["dependencies"]}
    registry = run_npm(folder, "config", "get", "registry").strip().rstrip("/")
    tree = {
        path: {**package, "resolved": _address(registry, path, package["version"])}
        for path, package in lock["tree"].items()
    }
    files = {
        "package.json": {**root, "private": True},
        "package-lock.json": {**root, "lockfileVersion": 3, "packages": {"": root, **tree}},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    run_npm(folder, "ci", *_QUIET)
    found = deviations(lock, installed_in(folder))
    if found:
        raise InvariantBroken("npm.tree-differs", "; ".join(found))


def installed_in(folder: Path) -> dict[str, dict[str, str]]:
    """Every package that lies in the folder: its version by its own word, its hash by npm's."""
    modules = folder / "node_modules"
    noted = json.loads((modules / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {
        path.parent.relative_to(folder).as_posix(): {
            "version": json.loads(path.read_text(encoding="utf-8"))["version"],
            "integrity": noted.get(path.parent.relative_to(folder).as_posix(), {}).get("integrity"),
        }
        for path in modules.rglob("package.json")
        if _is_package(path.parent, modules)
    }


def deviations(lock: Lock, installed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """How an installed tree differs from the lock; nothing, if it does not."""
    locked = lock["tree"]
    found = [f"{path} is not locked" for path in sorted({*installed} - {*locked})]
    found += [f"{path} is missing" for path in sorted({*locked} - {*installed})]
    for path in sorted({*locked} & {*installed}):
        for fact in ("version", "integrity"):
            if installed[path][fact] != locked[path][fact]:
                found.append(f"{path}: {fact} is {installed[path][fact]}, not {locked[path][fact]}")
    return found


def fetch_viewer(folder: Path, lock: Lock) -> Path:
    """Fetch the viewer and unpack it; returns the folder of its files.

    Raises:
        Misconfigured: there is no npm.
        TransientFailure: npm cannot fetch it.
        InvariantBroken: what it got is not what the lock says.
    """
    locked = lock["files"][VIEWER]
    run_npm(folder, "pack", f"{VIEWER}@{locked['version']}", *_QUIET)
    (file,) = folder.glob("*.tgz")
    if integrity_of(file.read_bytes()) != locked["integrity"]:
        raise InvariantBroken("npm.file-differs", f"{VIEWER} is not the file that was locked")
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def integrity_of(content: bytes) -> str:
    """The hash of a file, as npm writes it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


def run_npm(folder: Path, *arguments: str) -> str:
    """Run npm in a folder and return what it says.

    Raises:
        Misconfigured: there is no npm.
        TransientFailure: it failed.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise Misconfigured("npm.missing", "there is no npm here; it comes with Node 20 or later")
    done = subprocess.run(  # noqa: S603 - npm, with arguments of our own
        [npm, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    if done.returncode != 0:
        raise TransientFailure("npm.failed", f"npm {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def _address(registry: str, path: str, version: str) -> str:
    """Where a registry keeps a file; without it, npm asks for each package's history first."""
    name = path.rpartition("node_modules/")[2]
    return f"{registry}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"


def _is_package(folder: Path, modules: Path) -> bool:
    """Whether a folder is a package itself, and not a part of one."""
    place = folder.relative_to(modules.parent).as_posix()
    name = place.rpartition("node_modules/")[2]
    return name.count("/") == (1 if name.startswith("@") else 0)
