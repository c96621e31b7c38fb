"""One webhook request, against a real HTTP server."""

import base64
import hmac
import json
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path

import pytest
import trustme
from standardwebhooks import Webhook, WebhookVerificationError

from agents.notifier.endpoints import Endpoint
from agents.notifier.webhook import Answer, Outcome, WebhookClient
from tests.webhook_receiver import (
    Behaviour,
    Receiver,
    close_at_once,
    close_in_the_body,
    close_in_the_head,
    hang,
    status,
    talk_without_end,
)

OLD, NEW = b"o" * 24, b"n" * 32
BODY = '{"type":"x","text":"Größe"}'.encode()


async def sent(
    receiver: Receiver, *secrets: bytes, timeout_s: float = 10, url: str | None = None
) -> Answer:
    endpoint = Endpoint("push", url or receiver.url, secrets or (NEW,), None)
    async with WebhookClient(endpoint, timeout_s=timeout_s, at_once_max=4) as client:
        return await client.send("msg_1", BODY)


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_a_receiver_verifies_it_with_either_secret_while_one_is_replaced(
    secret: bytes,
) -> None:
    async with Receiver() as receiver:
        assert (await sent(receiver, NEW, OLD)).outcome is Outcome.DELIVERED
    [request] = receiver.received
    assert Webhook(secret).verify(request.body, request.headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(b"another" * 4).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body + b" ", request.headers)


async def test_the_signature_is_what_the_specification_says() -> None:
    async with Receiver() as receiver:
        await sent(receiver, NEW)
    [request] = receiver.received
    at = request.headers["webhook-timestamp"]
    signed = b".".join([b"msg_1", at.encode(), BODY])
    expected = base64.b64encode(hmac.digest(NEW, signed, sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert request.headers["webhook-id"] == "msg_1"
    assert abs(int(at) - time.time()) < 60
    assert request.headers["content-type"] == "application/json"
    assert request.body == BODY


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (202, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (301, Outcome.FAILED),
        (308, Outcome.FAILED),
        (400, Outcome.REFUSED),
        (401, Outcome.FAILED),
        (404, Outcome.FAILED),
        (410, Outcome.GONE),
        (413, Outcome.REFUSED),
        (415, Outcome.REFUSED),
        (422, Outcome.REFUSED),
        (429, Outcome.FAILED),
        (500, Outcome.FAILED),
        (503, Outcome.FAILED),
    ],
)
async def test_what_a_status_means(code: int, outcome: Outcome) -> None:
    async with Receiver(status(code, location="http://127.0.0.1:1/elsewhere")) as receiver:
        answer = await sent(receiver)
    assert answer == Answer(outcome, code, f"status {code}")
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (hang, "no answer within 0.3 s"),
        (close_at_once, "RemoteProtocolError"),
        (close_in_the_head, "RemoteProtocolError"),
    ],
)
async def test_no_answer_is_a_failure_whatever_the_reason(
    behaviour: Behaviour, reason: str
) -> None:
    async with Receiver(behaviour) as receiver:
        assert await sent(receiver, timeout_s=0.3) == Answer(Outcome.FAILED, None, reason)


@pytest.mark.parametrize("behaviour", [close_in_the_body, talk_without_end])
async def test_a_status_counts_whatever_becomes_of_the_body(behaviour: Behaviour) -> None:
    async with Receiver(behaviour) as receiver:
        assert (await sent(receiver)).outcome is Outcome.DELIVERED


async def test_an_endpoint_that_is_away_is_a_failure() -> None:
    answer = await sent(Receiver(), url="http://127.0.0.1:1/")
    assert answer == Answer(Outcome.FAILED, None, "ConnectError")


async def test_a_pause_that_is_asked_for_is_understood_in_seconds_and_as_a_date() -> None:
    async with Receiver(status(429, retry_after="120")) as receiver:
        assert (await sent(receiver)).pause_s == 120
        at = datetime.now(UTC) + timedelta(seconds=300)
        receiver.behaves = status(503, retry_after=format_datetime(at, usegmt=True))
        pause_s = (await sent(receiver)).pause_s
        assert pause_s is not None
        assert 240 < pause_s <= 300
        for nonsense in ("-1", "soon", "1e9", "Wed"):
            receiver.behaves = status(503, retry_after=nonsense)
            assert (await sent(receiver)).pause_s is None
        receiver.behaves = status(500, retry_after="120")
        assert (await sent(receiver)).pause_s is None


async def test_a_connection_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy that a variable names is not asked.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with Receiver(status(200)) as receiver:
        endpoint = Endpoint("push", receiver.url, (NEW,), None)
        async with WebhookClient(endpoint, timeout_s=10, at_once_max=4) as client:
            for number in range(3):
                assert (await client.send(f"msg_{number}", BODY)).outcome is Outcome.DELIVERED
            assert len(receiver.serving) == 1


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    for ca, outcome in ((ours, Outcome.DELIVERED), (theirs, Outcome.FAILED)):
        ca.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.issue_cert("127.0.0.1").configure_cert(context)
        async with Receiver(tls=context) as receiver:
            endpoint = Endpoint("push", receiver.url, (NEW,), tmp_path / "ca.pem")
            async with WebhookClient(endpoint, timeout_s=10, at_once_max=4) as client:
                assert (await client.send("msg_1", BODY)).outcome is outcome
