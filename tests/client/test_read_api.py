# Goal: the API answers as the client's view does, says nothing where it does not know, and never
# tells anybody anything without a token. In memory; test_read_api_served has Kafka and HTTP.
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from structlog.testing import capture_logs

from biolatch_client import Status, UserState
from biolatch_client.testing import InMemoryDeviceStates, scenarios
from deploy.read_api.access_tokens import AccessTokens
from deploy.read_api.api import ReadApi
from deploy.read_api.documents import device_document, entity_tag, is_current
from deploy.read_api.openapi import openapi_document
from events.public_state import PublicState
from schemas.export import PUBLIC_STATE_NAME, json_schemas
from schemas.outputs import public_state_value
from tests.unit.generated import STABLE, instances

TOKEN = "t" * 32
ALLOWED = {"authorization": f"Bearer {TOKEN}"}
PERMISSION = "/devices/phone-1/users/ana/permission"
OPENAPI = openapi_document(version="0.1.0")
SCHEMAS = OPENAPI["components"]["schemas"]


def secret(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def states() -> InMemoryDeviceStates:
    known = InMemoryDeviceStates()
    known.set_user("phone-1", UserState("ana", Status.ENABLED), bio_epoch=3)
    fallback = UserState("ben", Status.FALLBACK, fallback_login_id="login-1")
    known.set_user("phone-1", fallback, bio_epoch=3)
    known.take_record("phone-new", b'{"bio_epoch":1,"users":{"ana":{"status":"paused"}}}')
    return known


@pytest.fixture
async def client(states: InMemoryDeviceStates, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    api = ReadApi(states, AccessTokens(secret(tmp_path / "tokens", TOKEN)), version="0.1.0")
    transport = httpx2.ASGITransport(app=api)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://api", headers=ALLOWED
    ) as client:
        yield client


def check(schema: str, body: Any) -> None:  # noqa: ANN401 - JSON
    """That a body is as the description says."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": OPENAPI["components"]}
    Draft202012Validator(whole).validate(body)


def require_problem(answer: httpx2.Response, status: int, kind: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    check("Problem", body)
    assert (body["type"], body["status"]) == (f"urn:biolatch:problem:{kind}", status)
    assert "phone" not in answer.text


async def test_a_device_is_told_as_it_is_published(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/devices/phone-1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["biolatch-staleness-s"] == "0.000"
    body = answer.json()
    check("Device", body)
    Draft202012Validator(json_schemas()[PUBLIC_STATE_NAME]).validate(body)
    assert (body["device_id"], body["bio_epoch"], list(body["users"])) == (
        "phone-1",
        3,
        ["ana", "ben"],
    )


@STABLE
@given(instances(PublicState))
def test_what_is_published_is_told_to_the_byte(state: PublicState) -> None:
    value = public_state_value(state)
    known = InMemoryDeviceStates()
    known.take_record(state.device_id, value)
    device = known.device(state.device_id)
    assert device is not None
    assert device_document(state.device_id, device) == value


async def test_a_state_that_is_known_is_not_sent_again(
    client: httpx2.AsyncClient, states: InMemoryDeviceStates
) -> None:
    first = await client.get("/devices/phone-1")
    tag = first.headers["etag"]
    for given_tags in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = await client.get("/devices/phone-1", headers={"if-none-match": given_tags})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    states.set_user("phone-1", UserState("ana", Status.DISABLED), bio_epoch=3)
    changed = await client.get("/devices/phone-1", headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    states.become_unready()
    unready = await client.get("/devices/phone-1", headers={"if-none-match": "*"})
    require_problem(unready, 503, "not-ready")


def test_an_entity_tag_is_of_these_very_bytes() -> None:
    assert entity_tag(b"one") == entity_tag(b"one") != entity_tag(b"two")
    assert not is_current(entity_tag(b"one"), None)
    assert not is_current(entity_tag(b"one"), "")


@pytest.mark.parametrize(
    ("path", "permission", "why"),
    [
        (PERMISSION, "may", None),
        ("/devices/phone-1/users/ben/permission", "may_not", "fallback_active"),
        ("/devices/phone-1/users/ben/permission?login_id=login-1", "may_not", "fallback_active"),
        ("/devices/phone-1/users/ben/permission?login_id=login-2", "may", None),
        ("/devices/phone-1/users/cem/permission", "may_not", "unknown_binding"),
        ("/devices/phone-2/users/ana/permission", "may_not", "unknown_binding"),
    ],
)
async def test_a_permission_is_the_answer_of_the_client_s_view(
    client: httpx2.AsyncClient, path: str, permission: str, why: str | None
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    check("Permission", body)
    assert (body["permission"], body["why"]) == (permission, why)


@pytest.mark.parametrize("path", ["/devices/phone-1", PERMISSION])
async def test_where_it_does_not_surely_know_there_is_no_answer(
    client: httpx2.AsyncClient, states: InMemoryDeviceStates, path: str
) -> None:
    states.pass_without_kafka(31)
    stale = await client.get(path)
    require_problem(stale, 503, "stale")
    assert stale.headers["retry-after"] == "5"
    require_problem(await client.get("/readyz"), 503, "stale")
    states.become_unready()
    require_problem(await client.get(path), 503, "not-ready")
    require_problem(await client.get("/devices/nobody"), 503, "not-ready")
    require_problem(await client.get("/readyz"), 503, "not-ready")
    assert (await client.get("/healthz")).json() == {"alive": True}
    states.become_ready()
    assert (await client.get(path)).status_code == 200
    assert (await client.get("/readyz")).json() == {"ready": True}
    newer = path.replace("phone-1", "phone-new")
    require_problem(await client.get(newer), 503, "unreadable")


@pytest.mark.parametrize(
    ("given_header", "kind"),
    [
        ({}, "token-missing"),
        ({"authorization": f"Basic {TOKEN}"}, "token-missing"),
        ({"authorization": "Bearer"}, "token-missing"),
        ({"authorization": f"Bearer {TOKEN}t"}, "token-invalid"),
        ({"authorization": "Bearer t"}, "token-invalid"),
        ({"authorization": b"Bearer \xff"}, "token-invalid"),
    ],
)
@pytest.mark.parametrize("path", ["/devices/phone-1", "/devices/nobody", PERMISSION])
async def test_nobody_learns_anything_without_a_token(
    client: httpx2.AsyncClient, given_header: dict[str, Any], kind: str, path: str
) -> None:
    del client.headers["authorization"]
    answer = await client.get(path, headers=given_header)
    require_problem(answer, 401, kind)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="biolatch"')


async def test_two_tokens_in_one_request_are_none(client: httpx2.AsyncClient) -> None:
    twice = [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")]
    del client.headers["authorization"]
    require_problem(await client.get("/devices/phone-1", headers=twice), 401, "token-missing")


async def test_head_has_the_headers_of_get_and_no_body(client: httpx2.AsyncClient) -> None:
    for path in ("/devices/phone-1", "/devices/nobody", PERMISSION, "/readyz", "/openapi.json"):
        head, get = await client.head(path), await client.get(path)
        assert head.content == b""
        assert (head.status_code, head.headers) == (get.status_code, get.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_it_only_reads(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/devices/phone-1", content=b"{}")
    require_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("query", ["?login_id=a&login_id=b", "?login-id=a", "?login_id=a&x="])
async def test_a_query_that_is_not_understood_is_refused(
    client: httpx2.AsyncClient, query: str
) -> None:
    require_problem(await client.get(PERMISSION + query), 400, "query-invalid")


@pytest.mark.parametrize("path", ["/", "/devices", "/devices/a/", "/devices/a/b", "/DEVICES/a"])
async def test_what_is_nowhere_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    require_problem(await client.get(path), 404, "resource-unknown")


async def test_a_line_of_the_log_names_the_route_and_nobody(client: httpx2.AsyncClient) -> None:
    with capture_logs() as lines:
        await client.get("/devices/phone-1")
        await client.get(f"{PERMISSION}?login_id=login-1")
        await client.get("/devices/phone-1/secrets")
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/devices/{device_id}", 200),
        ("/devices/{device_id}/users/{user_id}/permission", 200),
        (None, 404),
    ]
    for name in ("phone-1", "ana", "login-1", TOKEN):
        assert name not in repr(lines)


def test_the_description_is_openapi_3_1() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(OPENAPI).iter_errors()] == []
    broken = deepcopy(OPENAPI)
    del broken["paths"]["/devices/{device_id}"]["get"]["parameters"]
    assert [*OpenAPIV31SpecValidator(broken).iter_errors()]


async def test_the_description_is_served_and_names_every_path(client: httpx2.AsyncClient) -> None:
    del client.headers["authorization"]
    assert (await client.get("/openapi.json")).json() == OPENAPI
    for path in OPENAPI["paths"]:
        concrete = path.replace("{device_id}", "phone-1").replace("{user_id}", "ana")
        answer = await client.get(concrete, headers=ALLOWED)
        assert answer.status_code == 200
        said = OPENAPI["paths"][path]["get"]["responses"]["200"]["content"]
        schema = said[answer.headers["content-type"]]["schema"]
        whole = {**schema, "components": OPENAPI["components"]}
        Draft202012Validator(whole).validate(answer.json())


async def test_the_states_of_the_recordings_are_answered_as_they_were(
    client: httpx2.AsyncClient, states: InMemoryDeviceStates
) -> None:
    for scenario in scenarios().values():
        for step in scenario.steps:
            states.take_record(step.device_id, step.state)
            answer = await client.get(f"/devices/{step.device_id}")
            if step.state is None:
                require_problem(answer, 404, "device-unknown")
            else:
                assert answer.content == step.state
