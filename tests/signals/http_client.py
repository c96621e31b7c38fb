"""What a receiver's side does by HTTP: it manages its streams and polls."""

from collections.abc import Mapping
from typing import Any

import httpx2

from tests.signals.receiver import verified
from tests.signals.token_server import HOST, ISSUER, TokenServer

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
PUSH = "urn:ietf:rfc:8935"
POLL = "urn:ietf:rfc:8936"
NOBODY = ""
"""Shown as a token, it stands for showing none."""


class Client:
    """What a receiver's side does by HTTP; only the paths of the documents are known to it."""

    def __init__(self, url: str, tokens: TokenServer, receiver: str) -> None:
        self.receiver = receiver
        self._tokens = tokens
        self._http = httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False)

    def token(self, scope: str) -> str:
        """A token of this receiver with these scopes."""
        return self._tokens.token(self.receiver, scope)

    async def close(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        **arguments: Any,  # noqa: ANN401
    ) -> httpx2.Response:
        """Call an address under the issuer (the process listens elsewhere than receivers call)."""
        shown = self._tokens.token(self.receiver) if token is None else token
        headers = {"authorization": f"Bearer {shown}"} if shown else {}
        address = path.removeprefix(HOST)
        return await self._http.request(method, address, headers=headers, **arguments)

    async def metadata(self) -> dict[str, Any]:
        found = await self.call("GET", "/.well-known/ssf-configuration/biolatch", token=NOBODY)
        assert found.status_code == 200
        document: dict[str, Any] = found.json()
        return document

    async def create(self, **body: object) -> dict[str, Any]:
        made = await self.call("POST", (await self.metadata())["configuration_endpoint"], json=body)
        assert made.status_code == 201, made.text
        stream: dict[str, Any] = made.json()
        return stream

    async def set_status(self, stream_id: str, status: str) -> None:
        done = await self.call(
            "POST",
            (await self.metadata())["status_endpoint"],
            json={"stream_id": stream_id, "status": status},
        )
        assert done.status_code == 200, done.text

    async def keys(self) -> str:
        found = await self.call("GET", (await self.metadata())["jwks_uri"], token=NOBODY)
        assert found.status_code == 200
        return found.text

    async def poll(self, stream: Mapping[str, Any], **body: object) -> dict[str, Any]:
        """Poll once; every token is verified."""
        found = await self.call("POST", stream["delivery"]["endpoint_url"], json=body)
        assert found.status_code == 200, found.text
        answer: dict[str, Any] = found.json()
        keys = await self.keys()
        answer["claims"] = {
            jti: verified(token, keys, issuer=ISSUER, audience=self.receiver)
            for jti, token in answer["sets"].items()
        }
        assert all(claims["jti"] == jti for jti, claims in answer["claims"].items())
        return answer
