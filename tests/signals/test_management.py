"""Stream management (SSF section 8): what a receiver may do, what it sees, and who it must be."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.signals.http_client import CAEP, NOBODY, POLL, PUSH, Client
from tests.signals.receiver import Receiver, listening
from tests.signals.token_server import ISSUER, TOKEN_ISSUER
from tests.signals.transmitter import Installation, client_of

OFFERED = [CAEP + "credential-change", CAEP + "session-revoked"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(
    topics: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Client, Client, Receiver]]:
    """One transmitter for the module: two receivers of it, and an endpoint that it may push to."""
    with listening(Receiver()) as endpoint:
        installation = Installation(
            topics,
            tmp_path_factory.mktemp("transmitter"),
            {
                "BIOLATCH_SIGNALS__PUSH_ORIGINS": f'["{endpoint.origin}"]',
                "BIOLATCH_SIGNALS__STREAMS_PER_RECEIVER_MAX": "100",
                "BIOLATCH_SIGNALS__VERIFICATION_INTERVAL_S_MIN": "60",
            },
        )
        with installation.process() as process:
            async with (
                client_of(process, installation, "bank") as bank,
                client_of(process, installation, "shop") as shop,
            ):
                yield bank, shop, endpoint


pytestmark = pytest.mark.asyncio(loop_scope="module")
Served = tuple[Client, Client, Receiver]


def without_id(stream: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stream.items() if name != "stream_id"}


async def test_the_configuration_says_everything_that_the_profile_asks_for(served: Served) -> None:
    document = await served[0].metadata()
    assert document["spec_version"] == "1_0"
    assert document["issuer"] == ISSUER
    assert document["delivery_methods_supported"] == [PUSH, POLL]
    assert document["authorization_schemes"] == [{"spec_urn": "urn:ietf:rfc:6749"}]
    assert document["default_subjects"] == "ALL"
    for name in (
        "jwks_uri",
        "configuration_endpoint",
        "status_endpoint",
        "add_subject_endpoint",
        "remove_subject_endpoint",
        "verification_endpoint",
    ):
        assert document[name].startswith(f"{ISSUER}/")


async def test_where_to_get_a_token_is_told(served: Served) -> None:
    path = "/.well-known/oauth-protected-resource/biolatch"
    document = (await served[0].call("GET", path, token=NOBODY)).json()
    assert document["resource"] == ISSUER
    assert document["authorization_servers"] == [TOKEN_ISSUER]
    assert {"ssf.read", "ssf.manage"} <= set(document["scopes_supported"])
    assert document["bearer_methods_supported"] == ["header"]


async def test_a_stream_without_wishes_is_polled_and_carries_what_is_on_offer(
    served: Served,
) -> None:
    stream = await served[0].create()
    assert without_id(stream) == {
        "iss": ISSUER,
        "aud": "bank",
        "events_supported": OFFERED,
        "events_delivered": OFFERED,
        "delivery": {"method": POLL, "endpoint_url": f"{ISSUER}/ssf/poll/{stream['stream_id']}"},
        "min_verification_interval": 60,
        "subject_format": "iss_sub",
    }


async def test_a_stream_is_read_updated_replaced_and_deleted(served: Served) -> None:
    bank, _, endpoint = served
    address = (await bank.metadata())["configuration_endpoint"]
    delivery = {
        "method": PUSH,
        "endpoint_url": f"{endpoint.origin}/x",
        "authorization_header": "Basic secret",
    }
    made = await bank.create(
        delivery=delivery,
        events_requested=[OFFERED[1], "urn:example:unknown"],
        description="words",
        subject_format="complex",
    )
    assert made["delivery"] == delivery
    assert made["events_requested"] == [OFFERED[1], "urn:example:unknown"]
    assert made["events_delivered"] == [OFFERED[1]]
    stream_id = made["stream_id"]
    read = await bank.call("GET", address, params={"stream_id": stream_id})
    assert (read.status_code, read.json()) == (200, made)
    assert read.headers["cache-control"] == "no-store"
    assert made in (await bank.call("GET", address)).json()
    changed = await bank.call(
        "PATCH", address, json={"stream_id": stream_id, "description": "others"}
    )
    assert (changed.status_code, changed.json()) == (200, {**made, "description": "others"})
    replaced = await bank.call("PUT", address, json={"stream_id": stream_id})
    assert replaced.status_code == 200
    assert replaced.json()["delivery"]["method"] == POLL
    assert replaced.json()["events_delivered"] == OFFERED
    assert "description" not in replaced.json()
    gone = await bank.call("DELETE", address, params={"stream_id": stream_id})
    assert (gone.status_code, gone.content) == (204, b"")
    again = await bank.call("GET", address, params={"stream_id": stream_id})
    assert again.status_code == 404


async def test_what_is_ours_may_be_repeated_and_not_changed(served: Served) -> None:
    bank = served[0]
    address = (await bank.metadata())["configuration_endpoint"]
    made = await bank.create()
    assert (await bank.call("PUT", address, json=made)).status_code == 200
    for name in ("iss", "aud", "events_supported", "events_delivered"):
        body = {"stream_id": made["stream_id"], name: "else"}
        assert (await bank.call("PATCH", address, json=body)).status_code == 400


async def test_a_status_is_read_and_updated(served: Served) -> None:
    bank = served[0]
    address = (await bank.metadata())["status_endpoint"]
    stream_id = (await bank.create())["stream_id"]
    for status in ("paused", "disabled", "enabled"):
        body = {"stream_id": stream_id, "status": status, "reason": "because"}
        updated = await bank.call("POST", address, json=body)
        assert (updated.status_code, updated.json()) == (200, body)
        read = await bank.call("GET", address, params={"stream_id": stream_id})
        assert (read.status_code, read.json()) == (200, body)
    body = {"stream_id": stream_id, "status": "asleep"}
    assert (await bank.call("POST", address, json=body)).status_code == 400


async def test_verification_may_be_asked_for_once_in_a_while(served: Served) -> None:
    bank = served[0]
    address = (await bank.metadata())["verification_endpoint"]
    body = {"stream_id": (await bank.create())["stream_id"]}
    assert (await bank.call("POST", address, json=body)).status_code == 204
    again = await bank.call("POST", address, json=body)
    assert again.status_code == 429
    assert 0 < int(again.headers["retry-after"]) <= 60


async def test_a_receiver_sees_its_own_streams_and_no_others(served: Served) -> None:
    bank, shop, _ = served
    document = await bank.metadata()
    made = await bank.create()
    stream_id = made["stream_id"]
    params, body = {"stream_id": stream_id}, {"stream_id": stream_id}
    subject = {**body, "subject": {"format": "opaque", "id": "x"}}
    theirs = [
        await shop.call("GET", document["configuration_endpoint"], params=params),
        await shop.call("PATCH", document["configuration_endpoint"], json=body),
        await shop.call("PUT", document["configuration_endpoint"], json=body),
        await shop.call("DELETE", document["configuration_endpoint"], params=params),
        await shop.call("GET", document["status_endpoint"], params=params),
        await shop.call("POST", document["status_endpoint"], json={**body, "status": "paused"}),
        await shop.call("POST", document["add_subject_endpoint"], json=subject),
        await shop.call("POST", document["remove_subject_endpoint"], json=subject),
        await shop.call("POST", document["verification_endpoint"], json=body),
        await shop.call("POST", made["delivery"]["endpoint_url"], json={}),
    ]
    unknown = await shop.call(
        "GET", document["configuration_endpoint"], params={"stream_id": "0" * 32}
    )
    for each in theirs:
        assert (each.status_code, each.content) == (404, unknown.content)
    listed = (await shop.call("GET", document["configuration_endpoint"])).json()
    assert stream_id not in [each["stream_id"] for each in listed]


async def test_who_shows_no_token_or_a_wrong_one_gets_nothing(served: Served) -> None:
    bank = served[0]
    address = (await bank.metadata())["configuration_endpoint"]
    nobody = await bank.call("GET", address, token=NOBODY)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == 'Bearer realm="biolatch"'
    token = await bank.call("GET", address, token="nonsense")  # noqa: S106
    assert token.status_code == 401
    assert 'error="invalid_token"' in token.headers["www-authenticate"]
    in_query = await bank.call(
        "GET", address, token=NOBODY, params={"access_token": bank.token("ssf.manage ssf.read")}
    )
    assert in_query.status_code == 401


async def test_reading_needs_one_scope_and_managing_the_other(served: Served) -> None:
    bank = served[0]
    document = await bank.metadata()
    made = await bank.create()
    address, body = document["configuration_endpoint"], {"stream_id": made["stream_id"]}
    reads, manages, nothing = (bank.token(each) for each in ("ssf.read", "ssf.manage", "openid"))
    assert (await bank.call("GET", address, token=reads)).status_code == 200
    assert (await bank.call("POST", made["delivery"]["endpoint_url"], token=reads,
                            json={"returnImmediately": True})).status_code == 200  # fmt: skip
    assert (await bank.call("PATCH", address, token=manages, json=body)).status_code == 200
    for method, path, token in (
        ("POST", address, reads),
        ("PATCH", address, reads),
        ("PUT", address, reads),
        ("DELETE", address, reads),
        ("POST", document["status_endpoint"], reads),
        ("POST", document["add_subject_endpoint"], reads),
        ("POST", document["remove_subject_endpoint"], reads),
        ("POST", document["verification_endpoint"], reads),
        ("GET", address, nothing),
        ("GET", document["status_endpoint"], nothing),
        ("POST", made["delivery"]["endpoint_url"], nothing),
    ):
        answer = await bank.call(method, path, token=token, json=body)
        assert answer.status_code == 403, (method, path)
        challenge = answer.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="ssf.' in challenge


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"[]",
        b'{"delivery": {"method": "urn:ietf:rfc:9999"}}',
        b'{"delivery": {"method": "urn:ietf:rfc:8935"}}',
        b'{"events_requested": "all"}',
        b'{"description": 7}',
        b'{"description": "a", "description": "b"}',
        b'{"subject_format": "email"}',
        b'{"description": "' + b"x" * 70_000 + b'"}',
        b'{"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://else.example/"}}',
    ],
)
async def test_what_cannot_be_a_stream_is_refused_with_words(served: Served, body: bytes) -> None:
    address = (await served[0].metadata())["configuration_endpoint"]
    answer = await served[0].call("POST", address, content=body)
    assert answer.status_code == 400
    assert answer.json()["description"]
