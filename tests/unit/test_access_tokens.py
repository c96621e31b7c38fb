"""Access tokens (RFC 9068): one of the right issuer, for us, now, and for a short time."""

import json
import time
from pathlib import Path

import pytest
from jwcrypto.jwk import JWK

from agents.signals.access_tokens import AccessTokens, InvalidToken
from events.errors import Misconfigured
from tests.signals.token_server import ISSUER, TOKEN_ISSUER, TokenServer

SERVER = TokenServer()
STRANGER = JWK.generate(kty="EC", crv="P-256", kid="login-1", alg="ES256", use="sig")
NOW = int(time.time())


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "login.jwks"
    file.write_text(SERVER.keys())
    return file


@pytest.fixture
def access(keys_file: Path) -> AccessTokens:
    return AccessTokens(keys_file, issuer=TOKEN_ISSUER, audience=ISSUER, lifetime_s_max=3600)


def test_a_token_says_who_calls_and_what_they_may(access: AccessTokens) -> None:
    caller = access.caller(SERVER.token("bank", "ssf.read other"))
    assert caller.receiver == "bank"
    assert caller.scopes == {"ssf.read", "other"}


def test_one_audience_of_several_is_enough(access: AccessTokens) -> None:
    assert access.caller(SERVER.token(aud=["https://else.example", ISSUER]))


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        SERVER.token(key=STRANGER),
        SERVER.token(typ="JWT"),
        SERVER.token(typ="secevent+jwt"),
        SERVER.token(iss="https://else.example"),
        SERVER.token(aud="https://else.example"),
        SERVER.token(exp=NOW - 60),
        SERVER.token(iat=NOW + 600, exp=NOW + 700),
        SERVER.token(nbf=NOW + 600),
        SERVER.token(exp=NOW + 7200),
        SERVER.token(exp=None),
        SERVER.token(iat=None),
        SERVER.token(exp="soon"),
        SERVER.token(client_id=7),
        SERVER.token("", sub=""),
        SERVER.token(scope=7),
    ],
)
def test_any_other_token_is_invalid_and_says_nothing_of_us(
    access: AccessTokens, token: str
) -> None:
    with pytest.raises(InvalidToken) as raised:
        access.caller(token)
    assert ISSUER not in str(raised.value)
    assert TOKEN_ISSUER not in str(raised.value)


def test_an_unsigned_token_is_invalid(access: AccessTokens) -> None:
    signed = SERVER.token()
    _, claims, _ = signed.split(".")
    header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"
    with pytest.raises(InvalidToken):
        access.caller(f"{header}.{claims}.")


def test_a_key_that_leaves_the_file_takes_its_tokens_with_it(
    access: AccessTokens, keys_file: Path
) -> None:
    token = SERVER.token()
    assert access.caller(token)
    keys_file.write_text(TokenServer().keys())
    with pytest.raises(InvalidToken):
        access.caller(token)


def test_a_file_that_becomes_unusable_leaves_the_keys_as_they_were(
    access: AccessTokens, keys_file: Path
) -> None:
    keys_file.write_text("{")
    assert access.caller(SERVER.token())


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        json.dumps({"keys": []}),
        json.dumps({"keys": [json.loads(SERVER.key.export_private())]}),
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}),
    ],
)
def test_a_file_without_public_keys_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "login.jwks"
    file.write_text(content)
    with pytest.raises(Misconfigured):
        AccessTokens(file, issuer=TOKEN_ISSUER, audience=ISSUER, lifetime_s_max=3600)
