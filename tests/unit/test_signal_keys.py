"""Keys of security event tokens: what a file may hold, what is shown of it, and rotation."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey
from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS
from typer.testing import CliRunner

from agents.signals.signing_keys import CurrentSigningKeys, read_signing_keys
from deploy.commands.signal_keys import app
from events.errors import Misconfigured


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("keys") / "signals.jwks"
    run("generate", str(file), "--bits", "2048")
    assert file.stat().st_mode & 0o777 == 0o600
    return file.read_bytes()


@pytest.fixture
def keys_file(tmp_path: Path, made: bytes) -> Path:
    return written(tmp_path, made)


def written(folder: Path, content: bytes) -> Path:
    file = folder / "signals.jwks"
    file.write_bytes(content)
    file.chmod(0o600)
    return file


def kid_and_claims(token: str, public: str) -> tuple[str, object]:
    jws = JWS()
    jws.deserialize(token)
    header = json.loads(jws.objects["protected"])
    jws.verify(JWKSet.from_json(public).get_key(header["kid"]))
    assert header == {"alg": "RS256", "typ": "secevent+jwt", "kid": header["kid"]}
    return header["kid"], json.loads(jws.payload)


def test_another_library_verifies_what_is_signed(keys_file: Path) -> None:
    keys, _ = read_signing_keys(keys_file)
    token = keys.signed({"jti": "1"})
    assert token == keys.signed({"jti": "1"})
    assert kid_and_claims(token, json.dumps(keys.public)) == (keys.current, {"jti": "1"})


def test_nothing_private_is_published(keys_file: Path) -> None:
    keys, _ = read_signing_keys(keys_file)
    assert [key.keys() for key in keys.public["keys"]] == [  # type: ignore[attr-defined]
        {"kty", "n", "e", "kid", "alg", "use"}
    ] * 2


def test_a_rotation_signs_with_the_key_that_receivers_know_and_keeps_the_old_one(
    keys_file: Path,
) -> None:
    current = CurrentSigningKeys(keys_file)
    before = current.get()
    old_token = before.signed({"jti": "1"})
    said = run("rotate", str(keys_file), "--bits", "2048")
    after = current.get()
    assert after.current == before.next
    assert after.kids == (before.current, before.next, after.next)
    assert kid_and_claims(old_token, json.dumps(after.public))[0] == before.current
    assert str(before.current) in said
    roles = {each["role"] for each in json.loads(run("list", str(keys_file), "--json"))}
    assert roles == {"current", "next", "retired"}
    run("rotate", str(keys_file), "--bits", "2048")
    assert before.current not in current.get().kids
    run("check", str(keys_file))


def test_a_file_that_becomes_unusable_leaves_the_keys_as_they_were(keys_file: Path) -> None:
    current = CurrentSigningKeys(keys_file)
    before = current.get().current
    keys_file.write_text("{")
    assert current.get().current == before


def test_a_file_is_never_overwritten(keys_file: Path) -> None:
    with pytest.raises(Misconfigured, match="is there already"):
        run("generate", str(keys_file))


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.warns(match="2048"):
        short = RSAKey.generate_key(1024).as_dict(private=True) | {"kid": "a"}
    file = written(tmp_path, json.dumps({"keys": [short], "current": "a"}).encode())
    with pytest.raises(Misconfigured, match="1024 bits; 2048 is the least"):
        read_signing_keys(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file | {"current": "nobody"}, "current: there is no key"),
        (lambda file: file | {"next": "nobody"}, "next: there is no key"),
        (lambda file: file | {"keys": []}, "keys"),
        (lambda file: file | {"keys": file["keys"][:1] * 2}, "two keys have one kid"),
        (lambda file: file | {"extra": 1}, "extra"),
        (lambda file: file | {"keys": [{**file["keys"][0], "kid": 7}]}, "has no kid"),
        (
            lambda file: (
                file
                | {"keys": [{name: file["keys"][0][name] for name in ("kid", "kty", "n", "e")}]}
            ),
            "is not private",
        ),
        (
            lambda file: (
                file | {"keys": [ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "e"}]}
            ),
            "is no RSA key",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_what_is_in_it(  # noqa: ANN201
    tmp_path: Path,
    made: bytes,
    change,  # noqa: ANN001
    said: str,
):
    before = json.loads(made)
    file = written(tmp_path, json.dumps(change(before)).encode())
    with pytest.raises(Misconfigured, match=said) as raised:
        read_signing_keys(file)
    assert before["keys"][0]["d"] not in str(raised.value)


def test_a_file_that_others_can_read_is_refused(keys_file: Path) -> None:
    keys_file.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_signing_keys(keys_file)
