# Goal: any id that there can be finds its device, and any other text finds nothing.
import json
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from biolatch_client import Status, UserState
from biolatch_client.testing import InMemoryDeviceStates
from deploy.read_api.access_tokens import AccessTokens
from deploy.read_api.api import ReadApi
from tests.unit.generated import STABLE


@STABLE
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=128))
def test_a_device_is_found_by_any_id_that_there_can_be(device_id: str) -> None:
    status, body = ask(device_id, known=device_id)
    assert (status, body["device_id"]) == (200, device_id)


@STABLE
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_other_text_is_a_device_that_nobody_knows(text: str) -> None:
    status, body = ask(text, known=f"{text}+")
    assert (status, body["type"]) == (404, "urn:biolatch:problem:device-unknown")


class Nobody(AccessTokens):
    """Has no file; routes are asked past it."""

    def __init__(self) -> None:
        pass


STATES = InMemoryDeviceStates()
API = ReadApi(STATES, Nobody(), version="0.1.0")


def ask(device_id: str, *, known: str) -> tuple[int, dict[str, Any]]:
    """Ask about one device where another one is known; without a server, so that it is quick."""
    STATES.set_user(known, UserState("ana", Status.ENABLED))
    path = f"/devices/{quote(device_id, safe='')}"
    route = API._route(path.encode())  # noqa: SLF001
    assert route is not None
    response = route.answer(Headers(), b"")
    STATES.forget(known)
    return response.status_code, json.loads(bytes(response.body))
