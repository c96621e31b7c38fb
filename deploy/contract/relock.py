"""Renews the lock of what is fetched from npm: `python -m deploy.contract.relock PARSER VIEWER`.

For the maintainer who moves to other versions: resolves both and writes the lock with the hashes as
they were handed out now. Review the difference before committing it.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from deploy.contract.npm_packages import LOCK, PARSER, VIEWER, integrity_of, run_npm

_KEPT: Final = (
    "version",
    "integrity",
    "dependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "optionalDependencies",
    "optional",
    "peer",
)
"""What `npm ci` needs of its own lock; addresses are left out."""


def renew(parser_version: str, viewer_version: str) -> int:
    """Write the lock for these versions; returns the number of packages.

    Raises:
        BiolatchError: npm is missing, or cannot resolve them.
    """
    dependencies = {PARSER: parser_version}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "package.json").write_text(
            json.dumps({"name": "contract-tools", "version": "0.0.0", "dependencies": dependencies})
        )
        run_npm(folder, "install", "--package-lock-only", "--ignore-scripts", "--no-audit")
        resolved: dict[str, Any] = json.loads((folder / "package-lock.json").read_text())
        run_npm(folder, "pack", f"{VIEWER}@{viewer_version}")
        (file,) = folder.glob("*.tgz")
        viewer = {"version": viewer_version, "integrity": integrity_of(file.read_bytes())}
    tree = {
        path: {name: package[name] for name in _KEPT if name in package}
        for path, package in resolved["packages"].items()
        if path
    }
    lock = {"dependencies": dependencies, "files": {VIEWER: viewer}, "tree": tree}
    LOCK.write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")
    return len(tree) + 1


if __name__ == "__main__":
    sys.stderr.write(f"{renew(*sys.argv[1:3])} packages locked in {LOCK.name}\n")
