"""The file of tokens: who may log in, and as what; never a token itself, only its SHA-256.

A token has 256 random bits, so nobody can find it from its digest, and a slow hash would protect
nothing more. The file is JSON: `{"tokens": [{"name": ..., "role": ..., "sha256": ...}]}`.
"""

import hashlib
import re
import secrets
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec

from agents.key_file import Version, read_key_file
from deploy.web_console.identity import ConsoleRole, Identity
from events.errors import Misconfigured

_TOKEN_BYTES: Final = 32

NAME_PATTERN: Final = re.compile(r"[\x21-\x7e]{1,64}")
"""How somebody may be called."""

Digest: TypeAlias = str
"""SHA-256 of a token, in hexadecimal digits."""


class TokenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One token.

    Attributes:
        name: who has it; stands in the log.
        role: what it lets them do.
        sha256: its digest.
    """

    name: Annotated[str, msgspec.Meta(pattern=f"^{NAME_PATTERN.pattern}$")]
    role: ConsoleRole
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class TokensFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds."""

    tokens: list[TokenEntry]


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest_of(token: str) -> Digest:
    """What the file keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_tokens(path: Path) -> tuple[dict[Digest, Identity], Version]:
    """Who has which token, and which file said so.

    Raises:
        Misconfigured: the file cannot be used; the message says why.
    """
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"it cannot be read: {error.strerror}") from error
    if file.is_anybodys:
        raise _unusable(path, "everybody may change it; `chmod o-w` mends it")
    try:
        entries = msgspec.json.decode(file.content, type=TokensFile).tokens
    except msgspec.DecodeError as error:
        raise _unusable(path, f"it is not what `biolatch console-token` writes: {error}") from error
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise _unusable(path, "it has one name twice")
    return {entry.sha256: Identity(entry.name, entry.role) for entry in entries}, file.version


def written_tokens(tokens: dict[Digest, Identity]) -> bytes:
    """The content of a file with these tokens."""
    entries = [TokenEntry(who.name, who.role, digest) for digest, who in tokens.items()]
    return msgspec.json.format(msgspec.json.encode(TokensFile(entries)), indent=2) + b"\n"


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("console.tokens-unusable", f"the file of tokens {path}: {why}")
