"""`biolatch feed-key`: the keys under which ids are masked in the security feed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from agents.feed_keys import FeedKeys, read_feed_keys
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from deploy.secret_keys_file import (
    create_secret_keys,
    new_secret_key,
    replace_secret_keys,
    secret_keys_in,
)
from events.errors import Misconfigured
from schemas.ocsf.masking import IdKind

_NOT_WRITTEN: Final = "analytics.file-not-written"

app = command_app("Make, rotate and use the keys that mask the security feed.")

_KeysFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="BIOLATCH_ANALYTICS__MASK_KEYS_FILE of the workers."),
]


@app.command(no_args_is_help=True)
def generate(keys_file: _KeysFile) -> None:
    """Make a file with a first key, which only its owner may read.

    Whoever has it can tell whose a mask is. Keep it from the analysts, and a copy where secrets are
    kept: with another key every device and user would look like a new one.
    """
    if keys_file.exists():
        raise Misconfigured(
            "analytics.file-exists",
            f"{keys_file} is there already; `biolatch feed-key add` adds a key to it",
        )
    create_secret_keys(keys_file, [new_secret_key()], code=_NOT_WRITTEN)
    key_id = read_feed_keys(keys_file).key_ids[0]
    _say(
        f"{keys_file}: key {key_id} masks; set BIOLATCH_ANALYTICS__MASK_KEYS_FILE to the file on "
        "every analytics worker"
    )


@app.command(no_args_is_help=True)
def add(keys_file: _KeysFile) -> None:
    """Add a key whose masks stand beside the others: the first step of a rotation.

    Bring the file to every analytics worker and restart them. From now on events carry both masks,
    the new one as `uid_alt`. Then run `biolatch feed-key promote`.
    """
    keys = _checked(keys_file)
    if len(keys.key_ids) > 1:
        raise Misconfigured(
            "analytics.several-keys",
            f"{keys_file} has {len(keys.key_ids)} keys; `biolatch feed-key retire` comes first",
        )
    replace_secret_keys(
        keys_file, [*secret_keys_in(keys_file), new_secret_key()], code=_NOT_WRITTEN
    )
    _say(f"{keys_file}: {_words(keys_file)}; bring it to every analytics worker, then `promote`")


@app.command(no_args_is_help=True)
def promote(keys_file: _KeysFile) -> None:
    """Let the key that was added mask, and the other one stand beside it: the second step.

    Bring the file to every analytics worker and restart them.
    """
    if len(_checked(keys_file).key_ids) == 1:
        raise Misconfigured(
            "analytics.one-key",
            f"{keys_file} has one key only; `biolatch feed-key add` comes first",
        )
    current, *others = secret_keys_in(keys_file)
    replace_secret_keys(keys_file, [*others, current], code=_NOT_WRITTEN)
    _say(f"{keys_file}: {_words(keys_file)}; bring it to every analytics worker, then `retire`")


@app.command(no_args_is_help=True)
def retire(keys_file: _KeysFile) -> None:
    """Forget every key but the one that masks: the last step of a rotation.

    Once no copy of the others is left, nobody can tell any more whose their masks were.
    """
    _checked(keys_file)
    replace_secret_keys(keys_file, secret_keys_in(keys_file)[:1], code=_NOT_WRITTEN)
    _say(f"{keys_file}: {_words(keys_file)}; bring it to every analytics worker")


@app.command(no_args_is_help=True)
def check(keys_file: _KeysFile) -> None:
    """Check that workers can use a file; exit code 3 and the reason if they cannot."""
    _checked(keys_file)
    _say(f"{keys_file}: {_words(keys_file)}")


@app.command(no_args_is_help=True)
def mask(
    keys_file: _KeysFile,
    *,
    device: Annotated[str | None, typer.Option(metavar="ID", help="A device's id.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="A user's id.")] = None,
    login: Annotated[str | None, typer.Option(metavar="ID", help="A login's id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show what an id is called in the feed, so that somebody who was asked about can be found."""
    keys = _checked(keys_file)
    given = {IdKind.DEVICE: device, IdKind.USER: user, IdKind.LOGIN: login}
    masks = {
        kind: keys.masks(kind, identifier)
        for kind, identifier in given.items()
        if identifier is not None
    }
    if not masks:
        raise typer.BadParameter("say of what: --device, --user or --login")
    if as_json:
        answer_json({kind.value: list(each) for kind, each in masks.items()})
        return
    table = Table(box=None, pad_edge=False)
    for name in ("of", "key", "mask"):
        table.add_column(name, no_wrap=True)
    for kind, each in masks.items():
        for key_id, text in zip(keys.key_ids, each, strict=True):
            table.add_row(kind.value, key_id, text)
    answers().print(table, soft_wrap=True)


def _checked(keys_file: Path) -> FeedKeys:
    return read_feed_keys(keys_file)


def _words(keys_file: Path) -> str:
    first, *others = read_feed_keys(keys_file).key_ids
    return f"key {first} masks" + _beside(others)


def _beside(others: Sequence[str]) -> str:
    return f", beside it {' and '.join(others)}" if others else ""


def _say(words: str) -> None:
    answers().print(words, soft_wrap=True, markup=False)
