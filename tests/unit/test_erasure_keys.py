# Goal: a file of keys is whole, secret and usable, or a worker does not start with it.
import json
import os
import stat
from pathlib import Path

import pytest

from agents.erasure_keys import read_erasure_keys
from deploy.cli import run
from events.errors import Misconfigured

SECRET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"  # noqa: S105 - 32 bytes, a test's own


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "erasure-keys.json"
    assert run(["erasure-key", "generate", str(path)]) == 0
    return path


def test_a_new_file_is_for_its_owner_and_has_one_long_key(keys_file: Path) -> None:
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600
    [key] = json.loads(keys_file.read_text())["keys"]
    assert key["kty"] == "oct"
    assert len(read_erasure_keys(keys_file).key_ids) == 1
    assert run(["erasure-key", "check", str(keys_file)]) == 0
    assert run(["erasure-key", "generate", str(keys_file)]) == 3


def test_a_rotation_adds_a_key_everywhere_before_it_makes_marks(keys_file: Path) -> None:
    assert run(["erasure-key", "promote", str(keys_file)]) == 3
    [old] = read_erasure_keys(keys_file).key_ids
    assert run(["erasure-key", "add", str(keys_file)]) == 0
    first, added = read_erasure_keys(keys_file).key_ids
    assert first == old
    assert run(["erasure-key", "promote", str(keys_file)]) == 0
    assert read_erasure_keys(keys_file).key_ids == (added, old)
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600


def test_no_command_prints_a_key(keys_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("check", "add", "promote", "generate"):
        run(["erasure-key", command, str(keys_file)])
    out, err = capfd.readouterr()
    for key in json.loads(keys_file.read_text())["keys"]:
        assert key["k"] not in out + err


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is no JSON object"),
        ('{"keys": []}', "keys"),
        (
            '{"keys": [{"kty": "oct", "k": "MDEyMzQ1Njc4OTAxMjM0NQ"}]}',
            "key 1 has fewer than 32 bytes",
        ),
        ('{"keys": [{"kty": "EC", "crv": "P-256"}]}', "key 1: "),
        ('{"keys": [{"kty": "oct"}]}', "key 1: "),
        (json.dumps({"keys": [{"kty": "oct", "k": SECRET}] * 2}), "twice"),
        (json.dumps({"keys": [{"kty": "oct", "k": SECRET}], "grants": {}}), "grants"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_never_what_is_in_it(
    tmp_path: Path, content: str, why: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match=why) as refused:
        read_erasure_keys(path)
    assert refused.value.code == "erasure.keys-file"
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_file_that_others_may_read_is_refused(keys_file: Path) -> None:
    keys_file.chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_erasure_keys(keys_file)


def test_a_file_of_another_owner_may_be_read_by_its_group(
    keys_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Kubernetes mounts a Secret for a container that does not run as root."""
    someone = keys_file.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone)
    keys_file.chmod(0o440)
    read_erasure_keys(keys_file)
    keys_file.chmod(0o444)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_erasure_keys(keys_file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.json: cannot be read: No such file"):
        read_erasure_keys(tmp_path / "none.json")
