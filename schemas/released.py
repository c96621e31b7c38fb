"""The contracts of every release, as they were published, and how today's compare with them.

Owns the folder `schemas/released`: for each version its JSON Schemas, and the golden records of
that time (`corpus`). A release adds a folder (`make release-contract`), and none ever changes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from events.facts import FACT_TYPES
from schemas.compatibility import Refused, Schema, refused_changes
from schemas.export import json_schemas

RELEASED: Final = Path(__file__).parent / "released"
SCHEMAS_FOLDER: Final = "json"
CORPUS_FOLDER: Final = "corpus"


def released_versions() -> list[str]:
    """Every version that has been released, the first one first."""
    versions = (folder.name for folder in RELEASED.iterdir() if folder.is_dir())
    return sorted(versions, key=lambda version: [int(number) for number in version.split(".")])


def contracts_in(folder: Path) -> dict[str, Schema]:
    """The contracts that were exported into a folder, by name.

    Raises:
        OSError: the folder cannot be read.
        ValueError: a file in it is not JSON.
    """
    return {file.stem: _read(file) for file in sorted(folder.glob("*.json"))}


def changes_since(folder: Path) -> list[Refused]:
    """What today's contracts may not have changed since those in a folder were exported.

    Raises:
        OSError: the folder cannot be read.
        ValueError: a file in it is not JSON.
    """
    inputs = frozenset(fact_type.event_type for fact_type in FACT_TYPES)
    return refused_changes(contracts_in(folder), json_schemas(), inputs=inputs)


def _read(file: Path) -> Schema:
    schema: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
