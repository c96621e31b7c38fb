# Goal: only those whose token stands in the file are let in, by the file as it is now.
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy.read_api.access_tokens import AccessTokens
from events.errors import Misconfigured

FIRST, SECOND = "first-" + "a" * 32, "second-" + "b" * 32 + "=="


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace the file as an operator should: another one, turned in at once."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    new.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    write(path, f"# of the login service\n{FIRST}\n\n  {SECOND}\n")
    return path


def test_every_token_of_the_file_is_let_in_and_no_other(file: Path) -> None:
    tokens = AccessTokens(file)
    assert [tokens.accept(token) for token in (FIRST, SECOND)] == [True, True]
    for other in ("", FIRST[:-1], f"{FIRST}x", "# of the login service", "\udcff", "電話"):
        assert not tokens.accept(other)


def test_a_token_comes_and_goes_while_it_serves(file: Path) -> None:
    tokens = AccessTokens(file)
    with capture_logs() as lines:
        write(file, SECOND)
        assert [tokens.accept(token) for token in (FIRST, SECOND)] == [False, True]
    assert [(line["event"], line["tokens"]) for line in lines] == [("read-api.tokens-read", 1)]
    assert SECOND not in repr(lines)


@pytest.mark.parametrize(
    "content", ["", "# none\n", "short\n", "has a space in it, however long it is"]
)
def test_a_file_that_became_unusable_changes_nothing_and_is_told_once(
    file: Path, content: str
) -> None:
    tokens = AccessTokens(file)
    with capture_logs() as lines:
        write(file, content)
        assert all(tokens.accept(FIRST) for _ in range(3))
        file.unlink()
        assert all(tokens.accept(FIRST) for _ in range(3))
    assert [line["event"] for line in lines] == ["read-api.tokens-unusable"] * 2
    write(file, SECOND)
    assert not tokens.accept(FIRST)


@pytest.mark.parametrize("content", ["", "# none\n", "short\n", f"{FIRST} {SECOND}\n", "電話" * 20])
def test_without_a_usable_token_it_does_not_start(file: Path, content: str) -> None:
    write(file, content)
    with pytest.raises(Misconfigured, match="openssl rand -hex 32") as raised:
        AccessTokens(file)
    assert FIRST not in str(raised.value)


def test_a_file_that_others_can_read_or_that_is_not_there_is_refused(file: Path) -> None:
    write(file, FIRST, mode=0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        AccessTokens(file)
    with pytest.raises(Misconfigured, match="cannot be read"):
        AccessTokens(file.with_name(f"none-{os.getpid()}"))
