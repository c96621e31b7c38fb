"""`biolatch keys`: publishers' keys, made, listed and checked."""

import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from joserfc.jwk import ECKey, Key, OctKey, OKPKey
from rich.text import Text

from agents.publisher_keys import (
    ANY,
    PublisherKey,
    parse_publisher_keys,
    read_publisher_keys,
)
from agents.verification import Algorithm
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from events.errors import Misconfigured
from events.timestamps import format_rfc3339

_SECRET_BITS: Final = 256
_OWNER_ONLY: Final = 0o600
_READABLE: Final = 0o644

app = command_app("Make, list and check publishers' keys.")

_KeysFile = Annotated[
    Path, typer.Argument(metavar="KEYS_FILE", help="The workers' file of publishers' keys.")
]


@app.command(no_args_is_help=True)
def generate(
    *,
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's name, never used before.")],
    keys_file: Annotated[
        Path, typer.Option("--keys-file", metavar="FILE", help="Gets what workers need of it.")
    ],
    private_key: Annotated[
        Path, typer.Option(metavar="FILE", help="Gets the private key, for the publisher only.")
    ],
    algorithm: Annotated[
        str, typer.Option(metavar="NAME", help="EdDSA, ES256, or HS256 (one shared secret).")
    ] = "ES256",
    event_type: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="It may sign these (again and again). Default: all."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help="It may speak for these. Default: all."),
    ] = None,
    not_before: Annotated[
        datetime | None,
        typer.Option(metavar="TIME", help="Nothing signed is taken before that (UTC)."),
    ] = None,
    not_after: Annotated[
        datetime | None,
        typer.Option(metavar="TIME", help="Nothing signed is taken from then on (UTC)."),
    ] = None,
) -> None:
    """Make a key: the private half for its publisher, the other for the workers' keys file.

    Workers take the new key at once; give the private one to the publisher after that.
    """
    jwk = {**_new_key(algorithm).as_dict(private=True), "kid": kid, "alg": algorithm, "use": "sig"}
    public = jwk if algorithm == "HS256" else {k: v for k, v in jwk.items() if k != "d"}
    grant: dict[str, Any] = {"event_types": event_type or [ANY], "sources": source or [ANY]}
    for name, at in (("not_before", not_before), ("not_after", not_after)):
        if at is not None:
            grant[name] = at.replace(tzinfo=UTC).isoformat()
    content: dict[str, Any] = {"keys": [], "grants": {}}
    if keys_file.exists():
        read_publisher_keys(keys_file)  # or it says what is wrong
        content = json.loads(keys_file.read_bytes())
    if kid in content["grants"]:
        raise Misconfigured("keys.kid-exists", f"{keys_file} has a key {kid} already")
    content["keys"].append(public)
    content["grants"][kid] = grant
    parse_publisher_keys(keys_file, _text(content))
    _write_new(private_key, jwk, _OWNER_ONLY)
    try:
        _replace(keys_file, content)
    except BaseException:
        private_key.unlink()
        raise
    answers().print(
        f"{kid}: workers verify it with {keys_file}; its publisher signs with {private_key}.",
        soft_wrap=True,
    )


@app.command("list", no_args_is_help=True)
def list_keys(
    keys_file: _KeysFile,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """List keys and what each may sign; never what is in them."""
    keys = read_publisher_keys(keys_file)[0].values()
    if as_json:
        answer_json([_described(key) for key in keys])
        return
    for key in keys:
        answers().print(_told(key), soft_wrap=True)


@app.command(no_args_is_help=True)
def check(keys_file: _KeysFile) -> None:
    """Check that workers can use a keys file; exit code 3 and the reason if they cannot."""
    count = len(read_publisher_keys(keys_file)[0])
    answers().print(
        f"{keys_file}: {count} {'key' if count == 1 else 'keys'}, usable", soft_wrap=True
    )


def _new_key(algorithm: str) -> Key:
    match algorithm:
        case "ES256":
            return ECKey.generate_key("P-256")
        case "EdDSA":
            return OKPKey.generate_key("Ed25519")
        case "HS256":
            return OctKey.generate_key(_SECRET_BITS)
        case _:
            raise Misconfigured(
                "keys.algorithm-unknown", f"{algorithm} is none of EdDSA, ES256 and HS256"
            )


def _told(key: PublisherKey) -> Text:
    """A key in four lines; lists may be long, and terminals are narrow."""
    grant = key.grant
    begins, ends = (
        None if at is None else format_rfc3339(round(at.timestamp() * 1000))
        for at in (grant.not_before, grant.not_after)
    )
    limits = [*([f"from {begins}"] if begins else []), *([f"until {ends}"] if ends else [])]
    return Text.assemble(
        (key.kid, "bold"),
        f"  {key.algorithm}\n",
        f"    signs  {_listed(grant.event_types, 'all events')}\n",
        f"    for    {_listed(grant.sources, 'all sources')}\n",
        f"    valid  {' '.join(limits) or 'always'}",
    )


def _listed(names: Sequence[str], all_of_them: str) -> str:
    return all_of_them if ANY in names else ", ".join(names)


def _described(key: PublisherKey) -> dict[str, object]:
    algorithm: Algorithm = key.algorithm
    return {"kid": key.kid, "alg": algorithm, **key.grant.model_dump(mode="json")}


def _replace(keys_file: Path, content: dict[str, Any]) -> None:
    """Put the file in place as a whole: no worker ever reads a half of it."""
    path = keys_file.resolve()
    has_secret = any(jwk["kty"] == "oct" for jwk in content["keys"])
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else _READABLE
    new = path.with_name(f".{path.name}.new")
    with suppress(OSError):
        new.unlink()
    _write_new(new, content, _OWNER_ONLY if has_secret else mode)
    new.replace(path)


def _write_new(path: Path, content: dict[str, Any], mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_text(content))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise Misconfigured("keys.file-exists", f"{path} is there already") from None
    except OSError as error:
        raise Misconfigured(
            "keys.file-unwritable", f"{path} cannot be written: {error.strerror}"
        ) from error


def _text(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=2).encode() + b"\n"
