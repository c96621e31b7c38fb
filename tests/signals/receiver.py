"""A receiver of security events that shares no code with the transmitter.

It verifies with jwcrypto, and knows the specifications only: a SET pushed to it is answered as
RFC 8935 says, in the way that the test tells it to.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS

Answer = tuple[int, Mapping[str, str], bytes]
ACCEPTED: Answer = (202, {}, b"")


def verified(token: str, keys: str, *, issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a SET that is as the profile demands; whatever else fails the test."""
    jws = JWS()
    jws.allowed_algs = ["RS256"]
    jws.deserialize(token)
    header = json.loads(jws.objects["protected"])
    assert header["typ"] == "secevent+jwt"
    key = JWKSet.from_json(keys).get_key(header["kid"])
    assert key is not None, f"no key {header['kid']}"
    jws.verify(key)
    claims: dict[str, Any] = json.loads(jws.payload)
    assert claims["iss"] == issuer
    assert claims["aud"] == audience
    assert {"iat", "jti", "txn", "sub_id"} <= claims.keys()
    assert not {"sub", "exp"} & claims.keys()
    assert len(claims["events"]) == 1
    return claims


@dataclass
class Arrival:
    """One request that came in."""

    token: str
    headers: dict[str, str]

    def claims(self) -> dict[str, Any]:
        """What it says, unverified."""
        jws = JWS()
        jws.deserialize(self.token)
        claims: dict[str, Any] = json.loads(jws.objects["payload"])
        return claims


@dataclass
class Receiver:
    """A push endpoint whose answers the test chooses.

    Attributes:
        arrivals: everything that came, repeats too.
        accepted: what was answered with success, in order.
        answer: chooses the answer, and may take its time.
    """

    arrivals: list[Arrival] = field(default_factory=list)
    accepted: list[Arrival] = field(default_factory=list)
    answer: Callable[[Arrival], Answer] = lambda _arrival: ACCEPTED
    port: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, arrival: Arrival) -> Answer:
        with self._news:
            self.arrivals.append(arrival)
            self._news.notify_all()
        answer = self.answer(arrival)
        if answer[0] < 300:
            with self._news:
                self.accepted.append(arrival)
                self._news.notify_all()
        return answer

    def wait(self, holds: Callable[[], bool], wait_s: float = 40) -> None:
        with self._news:
            assert self._news.wait_for(holds, wait_s), [each.claims() for each in self.arrivals]

    async def until(self, holds: Callable[[], bool], wait_s: float = 40) -> None:
        await asyncio.to_thread(self.wait, holds, wait_s)

    def about(self, user: str) -> list[dict[str, Any]]:
        """What was accepted about a user, each token once, in the order of its first arrival."""
        told = {each.claims()["jti"]: each.claims() for each in reversed(self.accepted)}
        ordered = dict.fromkeys(each.claims()["jti"] for each in self.accepted)
        return [told[jti] for jti in ordered if user in json.dumps(told[jti]["sub_id"])]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        token = self.rfile.read(length).decode("ascii")
        if len(token) < length:  # the transmitter was killed in the middle of it
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, extra, body = self.receiver.take(Arrival(token, headers))
        try:
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the transmitter did not wait
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def listening(receiver: Receiver) -> Generator[Receiver]:
    """Let the receiver answer; again under the same port after a restart."""
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    server = _Server(("127.0.0.1", receiver.port), handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def error(status: int, code: str, **headers: str) -> Answer:
    """An error answer of RFC 8935 section 2.3."""
    body = json.dumps({"err": code, "description": "no"}).encode()
    return status, {"content-type": "application/json", **headers}, body
