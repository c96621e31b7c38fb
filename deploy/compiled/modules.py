"""Which modules are compiled, where that is kept, and from what source it was made."""

import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

MODULES: Final = (
    "agents.core.admission",
    "agents.core.attempt",
    "agents.core.decide",
    "agents.core.device",
    "agents.core.digests",
    "agents.core.draft",
    "agents.core.enrollment",
    "agents.core.evolve",
    "agents.core.outputs",
    "agents.core.places",
    "agents.core.projection",
    "agents.core.standing",
    "agents.core.user_marks",
    "agents.device_rows",
    "agents.device_signatures",
    "agents.devices",
    "agents.preparation",
    "agents.row_places",
    "agents.tally",
    "agents.lane.kafka.writing",
    "agents.publisher_signatures",
    "events.timestamps",
    "schemas.base64url",
    "schemas.inputs",
    "schemas.outputs",
    "schemas.plain_inputs",
    "schemas.signatures",
)
"""Where a worker's time goes, and whatever calls or is called there.

They are compiled together: a call from one to another is a call of C.
"""

ROOT: Final = Path(__file__).resolve().parents[2]
"""Where the packages are."""

FOLDER: Final = Path(sys.prefix) / "biolatch-compiled"
"""Where the compiled modules are, if there are any: in the environment that they were made for."""

STAMP: Final = FOLDER / "source"
"""Holds the fingerprint of what they were made from."""

_MADE_OF: Final = ("events", "schemas", "agents")


def source(module: str) -> Path:
    """The module's source, from the root."""
    return Path(*module.split(".")).with_suffix(".py")


def fingerprint() -> str:
    """Digest of interpreter and source: of all modules, for compiled ones rely on the others."""
    digest = sha256(sys.version.encode())
    for package in _MADE_OF:
        for file in sorted((ROOT / package).rglob("*.py")):
            digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether there are compiled modules, made from the source that is there now."""
    return STAMP.is_file() and STAMP.read_text(encoding="ascii") == fingerprint()
