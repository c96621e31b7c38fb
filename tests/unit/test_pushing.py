"""What each answer of a receiver means (RFC 8935 section 2), over real HTTP and TLS."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from agents.signals.pushing import Delivered, PushOutcome, Refused, TryAgain, push, push_client
from agents.signals.streams import Delivery, DeliveryMethod
from events.errors import Misconfigured
from tests.signals.receiver import Answer, Receiver, error, listening


async def outcome_at(address: str, ca_file: Path | None = None) -> PushOutcome:
    delivery = Delivery(method=DeliveryMethod.PUSH, endpoint_url=address)
    async with push_client(5, ca_file) as client:
        return await push(client, delivery, "token")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((202, {}, b""), Delivered()),
        ((200, {}, b"thanks"), Delivered()),
        (error(400, "invalid_request"), Refused("invalid_request")),
        (error(400, "invalid_state"), Refused("invalid_state")),
        (error(400, "x" * 100), Refused("x" * 64)),
        (error(400, "invalid_key"), TryAgain("invalid_key")),
        (error(400, "invalid_issuer"), TryAgain("invalid_issuer")),
        (error(400, "invalid_audience"), TryAgain("invalid_audience")),
        (error(400, "authentication_failed"), TryAgain("authentication_failed")),
        (error(400, "access_denied"), TryAgain("access_denied")),
        (error(400, "\n"), TryAgain("400")),
        ((400, {}, b"no JSON"), TryAgain("400")),
        ((400, {}, b"[]"), TryAgain("400")),
        ((400, {}, b'{"err": 7}'), TryAgain("400")),
        ((401, {}, b""), TryAgain("401")),
        ((404, {}, b""), TryAgain("404")),
        ((301, {"location": "http://127.0.0.1:1/"}, b""), TryAgain("301")),
        ((429, {"retry-after": "7"}, b""), TryAgain("429", 7.0)),
        ((503, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b""), TryAgain("503")),
        ((500, {}, b"x" * 100_000), TryAgain("500")),
    ],
)
async def test_an_answer_is_understood(answer: Answer, outcome: PushOutcome) -> None:
    with listening(Receiver(answer=lambda _arrival: answer)) as receiver:
        assert await outcome_at(f"{receiver.origin}/events") == outcome


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://[/", "nowhere", ""])
async def test_an_address_where_nobody_is_is_tried_again(address: str) -> None:
    assert isinstance(await outcome_at(address), TryAgain)


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority


@pytest.fixture
def secure_port(authority: trustme.CA) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taking)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_receiver_is_trusted_by_its_authority_and_under_its_name_only(
    secure_port: int, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    assert await outcome_at(f"https://localhost:{secure_port}/", trusted) == Delivered()
    for outcome in (
        await outcome_at(f"https://localhost:{secure_port}/"),
        await outcome_at(f"https://127.0.0.1:{secure_port}/", trusted),
    ):
        assert outcome == TryAgain("ConnectError")


def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"ca\.pem"):
        push_client(5, tmp_path / "ca.pem")
