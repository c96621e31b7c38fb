"""Writing files of secrets, as `agents.secret_keys` reads them: made, and replaced as a whole.

Owns that nobody but the owner can ever read such a file, not even for a moment, and that a process
which starts meanwhile finds the old content or the new one.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from joserfc.jwk import OctKey

from events.errors import Misconfigured

SecretJwk: TypeAlias = dict[str, Any]
"""A key of kind `oct` as JSON."""

_SECRET_BITS: Final = 256
_OWNER_ONLY: Final = 0o600


def new_secret_key() -> SecretJwk:
    """A new secret, for HMAC-SHA-256."""
    return {**OctKey.generate_key(_SECRET_BITS).as_dict(private=True), "use": "sig", "alg": "HS256"}


def secret_keys_in(path: Path) -> list[SecretJwk]:
    """The keys of a file that was checked before, the current one first."""
    keys: list[SecretJwk] = json.loads(path.read_bytes())["keys"]
    return keys


def create_secret_keys(path: Path, keys: Sequence[SecretJwk], *, code: str) -> None:
    """Make a file that is not there yet.

    Raises:
        Misconfigured: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise Misconfigured(code, f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": list(keys)}, file, indent=2)
        file.write("\n")


def replace_secret_keys(path: Path, keys: Sequence[SecretJwk], *, code: str) -> None:
    """Replace a file as a whole.

    Raises:
        Misconfigured: it cannot be written.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    create_secret_keys(new, keys, code=code)
    new.replace(path)
