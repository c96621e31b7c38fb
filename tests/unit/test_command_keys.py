# Goal: an operator makes, lists and checks keys without ever seeing what is in one.
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from agents.publisher_keys import read_publisher_keys
from deploy.cli import run
from deploy.event_signer import read_signer
from deploy.exit_codes import ExitCode
from events.errors import Misconfigured
from tests.unit.signed_records import ALL, TEST_KEYS, requiring, signed, write_file, write_keys
from tests.unit.sound_records import COMPLETE, FINISHED, WITHDRAWN, binary, compact

EVENT = binary(WITHDRAWN, compact(COMPLETE[WITHDRAWN]))


class Made:
    """Two files, and what `keys generate` says of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.keys_file = folder / "keys.json"
        self.private_key = folder / "private.json"
        self._capsys = capsys

    def generate(self, kid: str, *options: str, exit_code: ExitCode = ExitCode.OK) -> str:
        files = ["--keys-file", str(self.keys_file), "--private-key", str(self.private_key)]
        assert run(["keys", "generate", kid, *files, *options]) == exit_code
        said = self._capsys.readouterr()
        return said.out + said.err

    def mode(self, path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    def private(self) -> dict[str, Any]:
        jwk: dict[str, Any] = json.loads(self.private_key.read_text(encoding="utf-8"))
        return jwk


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Made:
    return Made(tmp_path, capsys)


@pytest.mark.parametrize("algorithm", TEST_KEYS)
def test_what_is_signed_with_a_new_key_passes(made: Made, algorithm: str) -> None:
    said = made.generate("backend-1", "--algorithm", algorithm)
    private = made.private()
    assert private["kid"] == "backend-1"
    secret = private["k" if algorithm == "HS256" else "d"]
    assert secret not in said
    assert made.mode(made.private_key) == 0o600
    is_shared = algorithm == "HS256"
    assert made.mode(made.keys_file) == (0o600 if is_shared else 0o644)
    assert (secret in made.keys_file.read_text(encoding="utf-8")) is is_shared
    record = signed(EVENT, read_signer(made.private_key))
    (outcome,) = requiring(made.keys_file).outcomes([record])
    keys, _ = read_publisher_keys(made.keys_file)
    assert getattr(outcome, "kid", None) == keys["backend-1"].kid == "backend-1"


def test_a_key_is_granted_what_was_asked_for(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made.generate(
        *("narrow", "--event-type", FINISHED, "--event-type", WITHDRAWN),
        *("--source", "/mobile", "--not-before", "2026-01-01", "--not-after", "2027-01-01"),
    )
    assert run(["keys", "list", str(made.keys_file), "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == [
        {
            "kid": "narrow",
            "alg": "ES256",
            "event_types": [FINISHED, WITHDRAWN],
            "sources": ["/mobile"],
            "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2027-01-01T00:00:00Z",
        }
    ]
    assert run(["keys", "list", str(made.keys_file)]) == ExitCode.OK
    shown = capsys.readouterr().out
    validity = "from 2026-01-01T00:00:00.000Z until 2027-01-01T00:00:00.000Z"
    for told in ("narrow", "ES256", FINISHED, WITHDRAWN, "/mobile", validity):
        assert told in shown
    x = json.loads(made.keys_file.read_text(encoding="utf-8"))["keys"][0]["x"]
    assert x not in shown


def test_more_keys_join_those_that_are_there(made: Made) -> None:
    made.generate("one")
    made.keys_file.chmod(0o640)
    made.private_key.unlink()
    made.generate("two", "--algorithm", "EdDSA")
    assert made.mode(made.keys_file) == 0o640
    made.private_key.unlink()
    made.generate("three", "--algorithm", "HS256")
    assert made.mode(made.keys_file) == 0o600
    assert list(read_publisher_keys(made.keys_file)[0]) == ["one", "two", "three"]


def test_a_link_to_the_keys_file_stays_one(made: Made, tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir()
    target = write_keys(tmp_path / "mounted" / "keys.json", ES256=ALL)
    made.keys_file.symlink_to(target)
    made.generate("another")
    assert made.keys_file.is_symlink()
    assert list(read_publisher_keys(target)[0]) == ["test-es256", "another"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--algorithm", "RS256"], "keys.algorithm-unknown"),
        (["--event-type", "biolatch.unknown.v1"], "signatures.keys-file"),
        (["--not-before", "2027-01-01", "--not-after", "2026-01-01"], "signatures.keys-file"),
        (["--keys-file", "/nowhere/keys.json"], "keys.file-unwritable"),
        (["--private-key", "/nowhere/private.json"], "keys.file-unwritable"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(made: Made, options: list[str], code: str) -> None:
    said = made.generate("one", *options, exit_code=ExitCode.MISCONFIGURED)
    assert said.startswith(f"error[{code}]: ")
    assert list(made.keys_file.parent.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(made: Made) -> None:
    made.generate("one")
    before = {path: path.read_bytes() for path in (made.keys_file, made.private_key)}
    assert "error[keys.file-exists]" in made.generate("two", exit_code=ExitCode.MISCONFIGURED)
    assert "error[keys.kid-exists]" in made.generate("one", exit_code=ExitCode.MISCONFIGURED)
    assert {path: path.read_bytes() for path in before} == before


def test_a_file_that_workers_cannot_use_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_keys(tmp_path / "keys.json", HS256=ALL, ES256=ALL)
    assert run(["keys", "check", str(path)]) == ExitCode.OK
    assert capsys.readouterr().out == f"{path}: 2 keys, usable\n"
    path.chmod(0o644)
    for command in ("check", "list"):
        assert run(["keys", command, str(path)]) == ExitCode.MISCONFIGURED
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("error[signatures.keys-file]: ")
        assert TEST_KEYS["HS256"]["k"] not in said.err


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (TEST_KEYS["ES256"], 0o644, "can be read by others"),
        ({**TEST_KEYS["ES256"], "kid": None}, 0o600, "needs a kid"),
        ({**TEST_KEYS["ES256"], "alg": "none"}, 0o600, "needs a kid, and an alg"),
        ({**TEST_KEYS["ES256"], "alg": "EdDSA"}, 0o600, "holds no private key"),
        ({k: v for k, v in TEST_KEYS["ES256"].items() if k != "d"}, 0o600, "holds no private key"),
        ([], 0o600, "holds no private key"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_nobody_signs_with_what_is_no_private_key(
    content: object, mode: int, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "private.json"
    if content is not None:
        write_file(path, content).chmod(mode)
    with pytest.raises(Misconfigured, match=why) as refused:
        read_signer(path)
    assert TEST_KEYS["ES256"]["d"] not in str(refused.value)
    events = tmp_path / "events.jsonl"
    events.touch()
    assert run(["publish", str(events), "--sign-with", str(path)]) == ExitCode.MISCONFIGURED
    assert capsys.readouterr().err.startswith("error[signatures.private-key]: ")
