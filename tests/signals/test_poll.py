"""Poll delivery (RFC 8936): given until acknowledged, in order, whatever is killed."""

import asyncio
import json
from typing import Any

import pytest

from tests.signals.decider import Decider
from tests.signals.http_client import Client
from tests.signals.transmitter import Installation, client_of

VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


def reasons(answer: dict[str, Any]) -> list[str]:
    events = [next(iter(each["events"].values())) for each in answer["claims"].values()]
    return [each["reason_admin"]["en"] for each in events]


async def decide(decider: Decider, user: str, *numbers: int) -> None:
    for number in numbers:
        await decider.decides("disabled", user, reason="admin", reason_admin=str(number))


async def all_of(client: Client, stream: dict[str, Any], count: int) -> dict[str, Any]:
    """Poll without acknowledging until so many are given at once."""
    async with asyncio.timeout(40):
        while True:
            answer = await client.poll(stream)
            if len(answer["sets"]) >= count:
                return answer


async def test_events_are_given_again_until_they_are_acknowledged(
    installation: Installation, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream = await client.create()  # without a delivery it is poll
            nothing = await client.poll(stream, returnImmediately=True)
            assert (nothing["sets"], "moreAvailable" in nothing) == ({}, False)
            await decide(decider, "ada", 1, 2, 3)
            given = await all_of(client, stream, 3)
            assert reasons(given) == ["1", "2", "3"]
            first, second, third = given["sets"]
            two = await client.poll(stream, maxEvents=2)
            assert list(two["sets"]) == [first, second]
            assert two["moreAvailable"] is True
            # In any order, and an error counts as having got it.
            rest = await client.poll(stream, ack=[second], returnImmediately=True)
            assert list(rest["sets"]) == [first, third]
            refused = {first: {"err": "invalid_request", "description": "no"}}
            rest = await client.poll(stream, setErrs=refused, returnImmediately=True)
            assert list(rest["sets"]) == [third]
            rest = await client.poll(stream, ack=[third, "unknown"], maxEvents=0)
            assert rest["sets"] == {}
            assert (await client.poll(stream, returnImmediately=True))["sets"] == {}
        [line] = process.said("signals.refused")
        assert (line["code"], line["jti"]) == ("invalid_request", first)


@pytest.mark.drill
async def test_a_poll_waits_for_a_first_event_and_for_no_longer_than_that(
    installation: Installation, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream = await client.create()
            waiting = asyncio.create_task(client.poll(stream))
            await decide(decider, "bea", 1)
            assert reasons(await waiting) == ["1"]


@pytest.mark.drill
async def test_what_was_not_acknowledged_outlives_a_transmitter_that_is_killed(
    installation: Installation, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream = await client.create()
            await decide(decider, "cleo", 1, 2, 3)
            before = await all_of(client, stream, 3)
            await client.poll(stream, ack=[next(iter(before["sets"]))], maxEvents=0)
        process.kill()
    with installation.process() as process:
        async with client_of(process, installation) as client:
            after = await all_of(client, stream, 2)
            assert reasons(after) == ["2", "3"]
            assert after["sets"].items() <= before["sets"].items()


@pytest.mark.drill
async def test_any_process_may_be_asked_and_knows_what_another_was_told(
    installation: Installation, decider: Decider
) -> None:
    with installation.process() as first, installation.process() as second:
        async with client_of(first, installation) as here, client_of(second, installation) as there:
            stream = await here.create()
            await decide(decider, "dora", 1, 2, 3)
            given = await all_of(here, stream, 3)
            assert given["sets"] == (await all_of(there, stream, 3))["sets"]
            jtis = list(given["sets"])
            await here.poll(stream, ack=jtis[:2], maxEvents=0)
            left = await there.poll(stream, returnImmediately=True)
            assert list(left["sets"]) == jtis[2:]


@pytest.mark.drill
async def test_a_paused_stream_gives_nothing_and_keeps_everything(
    installation: Installation, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream = await client.create()
            await client.set_status(stream["stream_id"], "paused")
            await decide(decider, "elli", 1, 2)
            assert (await client.poll(stream))["sets"] == {}
            await client.set_status(stream["stream_id"], "enabled")
            assert reasons(await all_of(client, stream, 2)) == ["1", "2"]


@pytest.mark.drill
async def test_a_verification_is_given_and_acknowledged_as_any_event(
    installation: Installation,
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream = await client.create()
            address = (await client.metadata())["verification_endpoint"]
            asked = {"stream_id": stream["stream_id"], "state": "x"}
            assert (await client.call("POST", address, json=asked)).status_code == 204
            [(jti, claims)] = (await client.poll(stream))["claims"].items()
            assert claims["events"] == {VERIFICATION: {"state": "x"}}
            assert claims["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}
            assert (await client.poll(stream, ack=[jti], returnImmediately=True))["sets"] == {}


@pytest.mark.drill
async def test_a_removed_subject_is_not_told_of_until_it_is_added_again(
    installation: Installation, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream = await client.create()
            document = await client.metadata()
            subject = {"format": "iss_sub", "iss": document["issuer"], "sub": "fay"}
            body = {"stream_id": stream["stream_id"], "subject": subject}
            removed = await client.call("POST", document["remove_subject_endpoint"], json=body)
            assert (removed.status_code, removed.content) == (204, b"")
            await decide(decider, "fay", 1)
            await decide(decider, "gil", 2)
            assert reasons(await all_of(client, stream, 1)) == ["2"]
            added = await client.call("POST", document["add_subject_endpoint"], json=body)
            assert (added.status_code, added.content) == (200, b"")
            await decide(decider, "fay", 3)
            assert reasons(await all_of(client, stream, 2)) == ["2", "3"]
        assert "fay" not in json.dumps(process.lines)


@pytest.mark.drill
async def test_a_receiver_has_some_streams_and_no_more(installation: Installation) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            for _ in range(4):
                await client.create()
            address = (await client.metadata())["configuration_endpoint"]
            refused = await client.call("POST", address, json={})
            assert (refused.status_code, refused.json()) == (
                403,
                {"description": "a receiver has 4 streams at most"},
            )
