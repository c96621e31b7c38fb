"""Keys and tokens of an installation: what signs events, and what receivers come with."""

import json
import time
import uuid
from functools import cache

from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

HOST = "https://signals.example"
ISSUER = f"{HOST}/biolatch"
TOKEN_ISSUER = "https://login.example"  # noqa: S105 - an address


@cache
def signing_keys() -> str:
    """A file of keys as `biolatch signal-keys generate` makes it, once for all tests."""
    made = [JWK.generate(kty="RSA", size=2048, kid=kid) for kid in ("signals-1", "signals-2")]
    keys = [json.loads(key.export_private()) for key in made]
    return json.dumps({"current": "signals-1", "next": "signals-2", "keys": keys})


class TokenServer:
    """Issues access tokens, as the authorization server of an installation does."""

    def __init__(self) -> None:
        self.key = JWK.generate(kty="EC", crv="P-256", kid="login-1", alg="ES256", use="sig")

    def keys(self) -> str:
        return json.dumps({"keys": [json.loads(self.key.export_public())]})

    def token(
        self,
        client_id: str = "receiver-1",
        scope: str = "ssf.manage ssf.read",
        *,
        key: JWK | None = None,
        typ: str = "at+jwt",
        **changes: object,
    ) -> str:
        now = int(time.time())
        claims = {
            "iss": TOKEN_ISSUER,
            "aud": ISSUER,
            "sub": client_id,
            "client_id": client_id,
            "scope": scope,
            "iat": now,
            "exp": now + 600,
            "jti": uuid.uuid4().hex,
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        made = JWT(header={"alg": "ES256", "typ": typ, "kid": "login-1"}, claims=claims)
        made.make_signed_token(key or self.key)
        token: str = made.serialize()
        return token
