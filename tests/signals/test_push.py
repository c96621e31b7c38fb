"""Push delivery (RFC 8935) by processes on a real Kafka, to real HTTP endpoints."""

import asyncio
import json
import time
from collections.abc import Callable

import pytest

from tests.signals.decider import Decider
from tests.signals.http_client import CAEP, PUSH, Client
from tests.signals.receiver import ACCEPTED, Answer, Arrival, Receiver, error, listening, verified
from tests.signals.token_server import ISSUER
from tests.signals.transmitter import Installation, client_of

VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


async def pushed(client: Client, receiver: Receiver, **more: object) -> dict[str, object]:
    """A stream to the test's endpoint."""
    delivery = {"method": PUSH, "endpoint_url": f"{receiver.origin}/events"}
    return await client.create(delivery=delivery, subject_format="complex", **more)


def sequence(receiver: Receiver, user: str) -> list[str]:
    """The numbers that a user's decisions were given, as they arrived first."""
    events = [next(iter(each["events"].values())) for each in receiver.about(user)]
    return [each["reason_admin"]["en"] for each in events]


async def decide_many(decider: Decider, user: str, numbers: range, partitions: int = 4) -> None:
    for number in numbers:
        for partition in range(partitions):
            await decider.decides(
                "disabled",
                f"{user}-{partition}",
                f"phone-{partition}",
                partition=partition,
                reason="admin",
                reason_admin=str(number),
            )


def some(receiver: Receiver, user: str, count: int) -> Callable[[], bool]:
    return lambda: len(receiver.about(user)) >= count


@pytest.mark.drill
async def test_a_disable_and_its_session_revocation_arrive_signed_and_tied_together(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            delivery = {
                "method": PUSH,
                "endpoint_url": f"{receiver.origin}/events",
                "authorization_header": "Bearer let-me-in",
            }
            await client.create(delivery=delivery)
            await decider.decides("disabled", "ada", reason="biometrics_changed")
            await receiver.until(lambda: len(receiver.accepted) == 2)
            keys = await client.keys()
        assert "let-me-in" not in json.dumps(process.lines)
    told = [
        verified(each.token, keys, issuer=ISSUER, audience="receiver-1")
        for each in receiver.accepted
    ]
    assert [next(iter(each["events"])) for each in told] == [
        CAEP + "credential-change",
        CAEP + "session-revoked",
    ]
    assert told[0]["txn"] == told[1]["txn"]
    assert told[0]["jti"] != told[1]["jti"]
    assert told[0]["sub_id"] == {"format": "iss_sub", "iss": ISSUER, "sub": "ada"}
    for arrival in receiver.accepted:
        assert arrival.headers["content-type"] == "application/secevent+jwt"
        assert arrival.headers["authorization"] == "Bearer let-me-in"


@pytest.mark.drill
async def test_a_receiver_that_fails_hangs_and_restarts_loses_nothing_and_no_order(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    answers = [
        (500, {}, b"no"),
        (503, {"retry-after": "1"}, b""),
        error(400, "authentication_failed"),
        (301, {"location": "http://127.0.0.1:1/"}, b""),
    ]
    slept = []

    def answer(_arrival: Arrival) -> Answer:
        if answers:
            return answers.pop(0)
        if not slept:
            slept.append(1)
            time.sleep(1.5)  # longer than the transmitter waits
            return 500, {}, b""
        return ACCEPTED

    receiver.answer = answer
    installation.settings = {**installation.settings, "BIOLATCH_SIGNALS__PUSH_TIMEOUT_S": "0.5"}
    with installation.process() as process:
        async with client_of(process, installation) as client:
            await pushed(client, receiver)
            await decide_many(decider, "bea", range(3))
            await receiver.until(some(receiver, "bea", 12))
        for partition in range(4):
            assert sequence(receiver, f"bea-{partition}") == ["0", "1", "2"]
        assert len(receiver.arrivals) > 12
        whys = {line["why"] for line in process.said("signals.push-failed")}
        assert {"500", "503", "301", "authentication_failed", "ReadTimeout"} <= whys


@pytest.mark.drill
async def test_an_endpoint_that_was_away_gets_what_it_missed(
    installation: Installation, decider: Decider
) -> None:
    endpoint = Receiver()
    with listening(endpoint):
        pass  # it had an address, and is away
    installation.settings = {"BIOLATCH_SIGNALS__PUSH_ORIGINS": f'["{endpoint.origin}"]'}
    with installation.process() as process:
        async with client_of(process, installation) as client:
            await pushed(client, endpoint)
            await decide_many(decider, "cleo", range(2))
            await asyncio.to_thread(process.wait_until_said, "signals.push-failed", 4)
            with listening(endpoint):
                await endpoint.until(some(endpoint, "cleo", 8))


@pytest.mark.drill
async def test_what_a_receiver_will_not_have_stops_nothing(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    refused: list[Arrival] = []

    def answer(arrival: Arrival) -> Answer:
        if '"en": "1"' in json.dumps(arrival.claims()):
            refused.append(arrival)
            return error(400, "invalid_request")
        return ACCEPTED

    receiver.answer = answer
    with installation.process() as process:
        async with client_of(process, installation) as client:
            await pushed(client, receiver)
            await decide_many(decider, "dora", range(3), partitions=1)
            await receiver.until(some(receiver, "dora", 2))
        [line] = process.said("signals.refused")
    assert len(refused) == 1
    assert (line["code"], line["jti"]) == ("invalid_request", refused[0].claims()["jti"])
    assert "dora" not in json.dumps(process.lines)


@pytest.mark.drill
async def test_a_transmitter_killed_in_the_middle_loses_nothing_and_repeats_the_same_tokens(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    def answer(_arrival: Arrival) -> Answer:
        time.sleep(0.02)
        return ACCEPTED

    receiver.answer = answer
    with installation.process() as process:
        async with client_of(process, installation) as client:
            await pushed(client, receiver)
            await decide_many(decider, "elli", range(20))
            await receiver.until(some(receiver, "elli", 10))
        process.kill()
    with installation.process() as second:
        await decide_many(decider, "elli", range(20, 25))
        await receiver.until(some(receiver, "elli", 60))
        second.kill()
    with installation.process():
        await receiver.until(some(receiver, "elli", 100))
    for partition in range(4):
        assert sequence(receiver, f"elli-{partition}") == [str(number) for number in range(25)]
    assert len({each.claims()["jti"] for each in receiver.arrivals}) == 100
    by_jti: dict[str, set[str]] = {}
    for each in receiver.arrivals:
        by_jti.setdefault(each.claims()["jti"], set()).add(each.token)
    assert all(len(tokens) == 1 for tokens in by_jti.values()), "a repeat is the same to the byte"


@pytest.mark.drill
async def test_two_transmitters_share_a_stream_and_either_serves_its_receiver(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    with installation.process() as first, installation.process() as second:
        async with client_of(first, installation) as here, client_of(second, installation) as there:
            stream = await pushed(here, receiver)
            await decide_many(decider, "fay", range(5))
            await receiver.until(some(receiver, "fay", 20))
            first.kill()
            await decide_many(decider, "fay", range(5, 8))
            await receiver.until(some(receiver, "fay", 32))
            address = (await there.metadata())["verification_endpoint"]
            asked = {"stream_id": stream["stream_id"], "state": "are you there"}
            assert (await there.call("POST", address, json=asked)).status_code == 204
            await receiver.until(
                lambda: any(VERIFICATION in each.claims()["events"] for each in receiver.accepted)
            )
    for partition in range(4):
        assert sequence(receiver, f"fay-{partition}") == [str(number) for number in range(8)]
    [verification] = [
        each.claims() for each in receiver.accepted if VERIFICATION in each.claims()["events"]
    ]
    assert verification["events"] == {VERIFICATION: {"state": "are you there"}}
    assert verification["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}


@pytest.mark.drill
async def test_a_paused_stream_holds_its_events_and_a_disabled_one_does_not(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            stream_id = str((await pushed(client, receiver))["stream_id"])
            await decide_many(decider, "gil", range(1), partitions=1)
            await receiver.until(some(receiver, "gil", 1))
            await client.set_status(stream_id, "paused")
            await decide_many(decider, "gil", range(1, 4), partitions=1)
            await client.set_status(stream_id, "enabled")
            await receiver.until(some(receiver, "gil", 4))
            await client.set_status(stream_id, "disabled")
            await decide_many(decider, "gil", range(4, 6), partitions=1)
            await client.set_status(stream_id, "enabled")
            await decide_many(decider, "gil", range(6, 7), partitions=1)
            await receiver.until(some(receiver, "gil", 5))
    assert sequence(receiver, "gil-0") == ["0", "1", "2", "3", "6"]


@pytest.mark.drill
async def test_keys_rotate_while_tokens_are_sent(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    with installation.process() as process:
        async with client_of(process, installation) as client:
            await pushed(client, receiver)
            known = await client.keys()
            await decide_many(decider, "hal", range(1), partitions=1)
            await receiver.until(some(receiver, "hal", 1))
            installation.run("signal-keys", "rotate", str(installation.keys_file), "--bits", "2048")
            await decide_many(decider, "hal", range(1, 2), partitions=1)
            await receiver.until(some(receiver, "hal", 2))
            renewed = await client.keys()
    # A receiver that has not looked again knows the key that signs now; one that has, both.
    for keys in (known, renewed):
        for each in receiver.accepted:
            assert verified(each.token, keys, issuer=ISSUER, audience="receiver-1")
    assert len({each.token.partition(".")[0] for each in receiver.accepted}) == 2


@pytest.mark.drill
async def test_a_login_that_ends_is_never_told_after_what_ended_it(
    installation: Installation, receiver: Receiver, decider: Decider
) -> None:
    # Verdicts and decisions come from two topics; order per device holds over both.
    installation.settings = {
        **installation.settings,
        "BIOLATCH_SIGNALS__EVENTS": '["session-established", "session-revoked"]',
    }
    with installation.process() as process:
        async with client_of(process, installation) as client:
            await pushed(client, receiver)
            for number in range(1, 21):
                first = number * 2 - 1
                await decider.writes(
                    decider.verdicts, "biolatch.verdict.accepted.v1", first, 0, "ida", "phone-i",
                    0, {"place": "sign_in", "login_id": f"login-{number}", "method": "face"},
                )  # fmt: skip
                await decider.writes(
                    decider.verdicts, "biolatch.verdict.applied.v1", first + 1, 0, "ida",
                    "phone-i", 0, {},
                )  # fmt: skip
                await decider.writes(
                    decider.decisions, "biolatch.decision.disabled.v1", first + 1, 1, "ida",
                    "phone-i", 0, {"reason": "biometrics_changed"},
                )  # fmt: skip
            await receiver.until(some(receiver, "ida", 40))
    told = [next(iter(each["events"])).rpartition("/")[2] for each in receiver.about("ida")]
    assert told == ["session-established", "session-revoked"] * 20
