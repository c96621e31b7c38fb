"""The policy of a deployment, from a file: so that each tenant's deployment has its own.

Owns which file that is and what may stand in it: TOML with fields of the policy at its top. The
environment wins over the file, field by field. Must never hold a number of its own.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from agents.core.policy import Policy
from events.errors import Misconfigured

POLICY_FILE: Final = "BIOLATCH_POLICY_FILE"
"""The variable that names the file; unset: there is none."""


def policy_file() -> Path | None:
    """The file, if the environment names one; the variable's case does not matter, as ever."""
    named = next((os.environ[name] for name in os.environ if name.upper() == POLICY_FILE), "")
    return Path(named) if named else None


def read_policy_file() -> Mapping[str, Any]:
    """What stands in the file; nothing where there is none.

    Raises:
        Misconfigured: it cannot be read, or is no TOML.
    """
    path = policy_file()
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unusable(path, f"is not TOML: {error}") from error


def unknown_fields(table: Mapping[str, Any]) -> Iterator[str]:
    """A sentence on each field that no policy has, with the one that may be meant."""
    known = list(Policy.model_fields)
    for name in table:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            advice = f"use {nearest[0]}" if nearest else "remove it"
            yield f"{policy_file()}: {name} is no field of the policy: {advice}"


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("settings.policy-file", f"{POLICY_FILE}: {path} {why}")
