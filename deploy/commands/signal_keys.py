"""`biolatch signal-keys`: the keys that sign what is told to receivers of shared signals."""

import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from joserfc.jwk import RSAKey

from agents.signals.signing_keys import ALGORITHM, KEY_BITS_MIN, SigningKeys, read_signing_keys
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from events.errors import Misconfigured

_OWNER_ONLY: Final = 0o600
_BITS: Final = 3072

app = command_app("Make, rotate and check the keys that sign shared signals.")

_KeysFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="BIOLATCH_SIGNALS__KEYS_FILE of the transmitters.")
]
_Bits = Annotated[
    int, typer.Option(min=KEY_BITS_MIN, max=8192, metavar="BITS", help="Length of a new key.")
]


@app.command(no_args_is_help=True)
def generate(keys_file: _KeysFile, *, bits: _Bits = _BITS) -> None:
    """Make a file with a key that signs, and the one that will sign after it.

    Only its owner may read it. Give the same file to every transmitter.
    """
    if keys_file.exists():
        raise Misconfigured(
            "signals.file-exists",
            f"{keys_file} is there already; `biolatch signal-keys rotate` renews it",
        )
    current, following = _new_key(bits), _new_key(bits)
    _write(keys_file, [current, following], current["kid"], following["kid"])
    _say(
        f"{keys_file}: {current['kid']} signs, {following['kid']} is next; set "
        "BIOLATCH_SIGNALS__KEYS_FILE to it on every transmitter"
    )


@app.command(no_args_is_help=True)
def rotate(keys_file: _KeysFile, *, bits: _Bits = _BITS) -> None:
    """Let the next key sign from now on, make another next one, and forget the oldest.

    Receivers know the next key already. The one that has signed until now stays for them to verify
    what is on its way; it leaves at the next rotation. Transmitters take the new file at once.
    """
    before = read_signing_keys(keys_file)[0]
    if before.next is None:
        raise Misconfigured("signals.no-next-key", f"{keys_file} names no next key")
    by_kid = {key["kid"]: key for key in json.loads(keys_file.read_bytes())["keys"]}
    following = _new_key(bits)
    kept = [by_kid[before.current], by_kid[before.next], following]
    new = keys_file.with_name(f".{keys_file.name}.new")
    new.unlink(missing_ok=True)
    _write(new, kept, before.next, following["kid"])
    new.replace(keys_file)
    _say(
        f"{keys_file}: {before.next} signs, {following['kid']} is next, {before.current} still "
        "verifies"
    )


@app.command("list", no_args_is_help=True)
def list_keys(
    keys_file: _KeysFile,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """List the keys and what each is for; never what is in them."""
    keys = read_signing_keys(keys_file)[0]
    roles = {kid: _role(keys, kid) for kid in keys.kids}
    if as_json:
        answer_json([{"kid": kid, "role": role} for kid, role in roles.items()])
        return
    for kid, role in roles.items():
        _say(f"{kid}  {role}")


@app.command(no_args_is_help=True)
def check(keys_file: _KeysFile) -> None:
    """Check that transmitters can use a file; exit code 3 and the reason if they cannot."""
    keys = read_signing_keys(keys_file)[0]
    _say(f"{keys_file}: {len(keys.kids)} keys, {keys.current} signs")


def _role(keys: SigningKeys, kid: str) -> str:
    if kid == keys.current:
        return "current"
    return "next" if kid == keys.next else "retired"


def _new_key(bits: int) -> dict[str, Any]:
    kid = f"signals-{secrets.token_hex(4)}"
    made = RSAKey.generate_key(bits).as_dict(private=True)
    return {**made, "kid": kid, "alg": ALGORITHM, "use": "sig"}


def _write(path: Path, keys: list[dict[str, Any]], current: str, following: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"current": current, "next": following, "keys": keys}, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Misconfigured(
            "signals.file-not-written", f"{path} cannot be written: {error.strerror}"
        ) from error


def _say(words: str) -> None:
    answers().print(words, soft_wrap=True, markup=False)
