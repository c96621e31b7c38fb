"""`biolatch erasure-key`: the keys under which erased devices and users are remembered."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from joserfc.jwk import OctKey

from agents.erasure_keys import read_erasure_keys
from deploy.command_app import command_app
from deploy.console import answers
from events.errors import Misconfigured

_SECRET_BITS: Final = 256
_OWNER_ONLY: Final = 0o600

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
    _write(keys_file, [_new_key()])
    _say(f"{keys_file}: one key; set BIOLATCH_ERASURE__MARK_KEYS_FILE to it on every worker")


@app.command(no_args_is_help=True)
def add(keys_file: _KeysFile) -> None:
    """Add a key that finds marks and makes none yet: the first step of a rotation.

    Bring the file to every worker and restart them, then run `biolatch erasure-key promote`.
    """
    keys = _read(keys_file)
    _replace(keys_file, [*keys, _new_key()])
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
    _replace(keys_file, [keys[-1], *keys[:-1]])
    _say(f"{keys_file}: the key added last makes marks; bring it to every worker")


@app.command(no_args_is_help=True)
def check(keys_file: _KeysFile) -> None:
    """Check that workers can use a file; exit code 3 and the reason if they cannot."""
    count = len(read_erasure_keys(keys_file).key_ids)
    _say(f"{keys_file}: {count} {'key' if count == 1 else 'keys'}, all usable")


def _new_key() -> dict[str, Any]:
    return {**OctKey.generate_key(_SECRET_BITS).as_dict(private=True), "use": "sig", "alg": "HS256"}


def _read(path: Path) -> list[dict[str, Any]]:
    read_erasure_keys(path)  # or it says what is wrong
    keys: list[dict[str, Any]] = json.loads(path.read_bytes())["keys"]
    return keys


def _replace(path: Path, keys: list[dict[str, Any]]) -> None:
    """Replace the file as a whole: a worker that starts meanwhile finds one or the other."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    _write(new, keys)
    new.replace(path)


def _write(path: Path, keys: list[dict[str, Any]]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise Misconfigured(
            "erasure.file-not-written", f"{path} cannot be written: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": keys}, file, indent=2)
        file.write("\n")


def _say(words: str) -> None:
    answers().print(words, soft_wrap=True, markup=False)
