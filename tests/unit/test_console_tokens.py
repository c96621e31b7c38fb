# Goal: a token lets in whom the file names and nobody else, and the file never holds one.
import json
import re
import stat
from pathlib import Path

import pytest

from deploy.cli import run
from deploy.exit_codes import ExitCode
from deploy.web_console.current_tokens import CurrentTokens
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.tokens_file import digest_of, read_tokens, written_tokens
from events.errors import Misconfigured

ANA = Identity("ana", ConsoleRole.OPERATOR)


def test_a_token_is_made_listed_and_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ["--tokens-file", str(tmp_path / "tokens.json")]
    assert run(["console-token", "add", "ana", "--role", "operator", *file]) == ExitCode.OK
    token = capsys.readouterr().out.strip()
    assert re.fullmatch(r"[\w-]{43}", token)
    assert token not in (tmp_path / "tokens.json").read_text()
    assert stat.S_IMODE((tmp_path / "tokens.json").stat().st_mode) == 0o600
    tokens = CurrentTokens(tmp_path / "tokens.json", {})
    assert tokens.holder_of_token(token) == (digest_of(token), ANA)

    assert run(["console-token", "add", "ana", *file]) == ExitCode.MISCONFIGURED
    assert run(["console-token", "add", "with a blank", *file]) == ExitCode.USAGE
    assert run(["console-token", "add", "vic", *file]) == ExitCode.OK
    capsys.readouterr()
    assert run(["console-token", "list", "--json", *file]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == [
        {"name": "ana", "role": "operator"},
        {"name": "vic", "role": "viewer"},
    ]

    assert run(["console-token", "remove", "ana", *file]) == ExitCode.OK
    assert tokens.holder_of_token(token) is None
    assert run(["console-token", "remove", "ana", *file]) == ExitCode.MISCONFIGURED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"tokens": [{"name": "a", "role": "king", "sha256": "' + b"0" * 64 + b'"}]}',
        b'{"tokens": [{"name": "a", "role": "viewer", "sha256": "token"}]}',
        b'{"tokens": [], "more": 1}',
    ],
)
def test_a_file_that_is_not_of_that_form_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "tokens.json"
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match="biolatch console-token"):
        read_tokens(file)


def test_a_file_that_everybody_may_change_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_bytes(written_tokens({digest_of("one"): ANA}))
    file.chmod(0o666)
    with pytest.raises(Misconfigured, match="chmod"):
        read_tokens(file)


def test_one_name_cannot_stand_for_two(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_bytes(written_tokens({digest_of("one"): ANA, digest_of("two"): ANA}))
    with pytest.raises(Misconfigured, match="twice"):
        read_tokens(file)
