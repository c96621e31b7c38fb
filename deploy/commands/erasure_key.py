"""`biolatch erasure-key`: the keys under which erased devices and users are remembered."""

from pathlib import Path
from typing import Annotated, Final

import typer

from agents.erasure_keys import read_erasure_keys
from deploy.command_app import command_app
from deploy.console import answers
from deploy.secret_keys_file import (
    SecretJwk,
    create_secret_keys,
    new_secret_key,
    replace_secret_keys,
    secret_keys_in,
)
from events.errors import Misconfigured

_NOT_WRITTEN: Final = "erasure.file-not-written"

app = command_app("Make, rotate and check the keys of erasure marks.")

_KeysFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="BIOLATCH_ERASURE__MARK_KEYS_FILE of the workers.")
]


@app.command(no_args_is_help=True)
def generate(keys_file: _KeysFile) -> None:
    """Make a file with a first key, which only its owner may read.

    Give the same file to every worker before any of them uses it: without the key a partition with
    keyed marks is not served. Keep a copy where a secret is kept; a lost key cannot be made again.
    """
    if keys_file.exists():
        raise Misconfigured(
            "erasure.file-exists",
            f"{keys_file} is there already; `biolatch erasure-key add` adds a key to it",
        )
    create_secret_keys(keys_file, [new_secret_key()], code=_NOT_WRITTEN)
    _say(f"{keys_file}: one key; set BIOLATCH_ERASURE__MARK_KEYS_FILE to it on every worker")


@app.command(no_args_is_help=True)
def add(keys_file: _KeysFile) -> None:
    """Add a key that finds marks and makes none yet: the first step of a rotation.

    Bring the file to every worker and restart them, then run `biolatch erasure-key promote`.
    """
    keys = _read(keys_file)
    replace_secret_keys(keys_file, [*keys, new_secret_key()], code=_NOT_WRITTEN)
    _say(
        f"{keys_file}: {len(keys) + 1} keys, the first makes marks; bring it to every worker, then "
        "`biolatch erasure-key promote`"
    )


@app.command(no_args_is_help=True)
def promote(keys_file: _KeysFile) -> None:
    """Let the last key make marks from now on: the second step of a rotation.

    The others go on finding marks made before. Such a mark moves to the new key with the next event
    of its device.
    """
    keys = _read(keys_file)
    if len(keys) == 1:
        raise Misconfigured(
            "erasure.one-key",
            f"{keys_file} has one key only; `biolatch erasure-key add` comes first",
        )
    replace_secret_keys(keys_file, [keys[-1], *keys[:-1]], code=_NOT_WRITTEN)
    _say(f"{keys_file}: the key added last makes marks; bring it to every worker")


@app.command(no_args_is_help=True)
def check(keys_file: _KeysFile) -> None:
    """Check that workers can use a file; exit code 3 and the reason if they cannot."""
    count = len(read_erasure_keys(keys_file).key_ids)
    _say(f"{keys_file}: {count} {'key' if count == 1 else 'keys'}, all usable")


def _read(path: Path) -> list[SecretJwk]:
    read_erasure_keys(path)  # or it says what is wrong
    return secret_keys_in(path)


def _say(words: str) -> None:
    answers().print(words, soft_wrap=True, markup=False)
