"""Files of secrets: JWK Sets of `oct` keys, the current one first, and not for others' eyes.

Owns what is demanded of such a file. Messages never say what is in a key.
"""

from pathlib import Path
from typing import Annotated, Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.key_file import read_key_file
from events.errors import MalformedInput, Misconfigured
from schemas.strict_json import read_object

KEY_BYTES_MIN: Final = 32
"""As long as the digest of HMAC-SHA-256 (RFC 2104 section 3)."""

KEYS_MAX: Final = 16


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=KEYS_MAX)]


def read_secret_keys(path: Path, *, code: str, command: str) -> tuple[bytes, ...]:
    """The secrets of a file: a JWK Set (RFC 7517) of `oct` keys, the current one first.

    Args:
        path: the file.
        code: the error's, where it cannot be used.
        command: what makes such a file, for the error's text.

    Raises:
        Misconfigured: it is missing, is no such file, holds a short key or one key twice, or is
            open to others (`KeyFile.is_exposed`). The message never says what is in a key.
    """

    def unusable(why: str) -> Misconfigured:
        return Misconfigured(code, f"{path}: {why}. `{command}` makes such a file.")

    try:
        held = read_key_file(path)
    except OSError as error:
        raise unusable(f"cannot be read: {error.strerror}") from error
    if held.is_exposed:
        raise unusable("can be used by others than its owner; run `chmod 600` on it")
    try:
        file = _File.model_validate(read_object(held.content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise unusable(f"{where}: {first['msg']}") from None
    except MalformedInput:
        raise unusable("is no JSON object") from None
    keys: list[bytes] = []
    for number, jwk in enumerate(file.keys, start=1):
        try:
            secret = OctKey.import_key(jwk).raw_value
        except (JoseError, ValueError, TypeError) as error:
            raise unusable(f"key {number}: {type(error).__name__}") from None
        if len(secret) < KEY_BYTES_MIN:
            raise unusable(f"key {number} has fewer than {KEY_BYTES_MIN} bytes")
        keys.append(secret)
    if len(set(keys)) != len(keys):
        raise unusable("one key stands in it twice")
    return tuple(keys)
