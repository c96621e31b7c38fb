# Goal: `state` answers for each user, `explain` tells the whole story and why it ended as it did.
import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from schemas.publishing import read_line
from schemas.sizing import LOCAL
from schemas.topics import DEVICE_EVENTS, VERDICTS
from tests.kafka.commands.command_line import Program, Ran
from tests.kafka.commands.phone import Phone
from tests.kafka.commands.stored import stored_at_least

pytestmark = pytest.mark.usefixtures("worker")


def told(phone: Phone) -> None:
    """A story with an answer of every kind."""
    phone.event("enrollment.declined", user_id="dora", channel="login_prompt")
    phone.enable("ana", "key-1")
    phone.enable("ben", "key-2")
    phone.event("enrollment.revoked", user_id="ben", reason_admin="lost", allow_re_enable=True)
    for _ in range(4):
        phone.attempt("ana", "key-1", "rejected", "login-1")
    phone.attempt("ana", "key-1", "fallback_chosen", "login-1")
    phone.attempt("ana", "key-1", "matched", "login-1")
    phone.event("enrollment.withdrawn", user_id="ben", channel="settings")


@pytest.fixture
def phone(biolatch: Callable[..., Ran], connection: Connection, tmp_path: Path) -> Phone:
    """A phone whose story is decided."""
    phone = Phone()
    told(phone)
    assert biolatch("publish", phone.written(tmp_path)).code == ExitCode.OK
    asyncio.run(stored_at_least(connection, len(phone.lines), VERDICTS, phone.device))
    return phone


def without_times(text: str) -> list[str]:
    """Lines without clocks, ages and places."""
    lines = [
        line.rpartition("  since")[0] if "  since" in line else line for line in text.split("\n")
    ]
    return [line for line in lines if line]


def test_state_answers_for_every_user(biolatch: Callable[..., Ran], phone: Phone) -> None:
    ran = biolatch("state", phone.device)
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    head, as_of, *users = without_times(ran.out)
    assert head == f"{phone.device}, biometrics epoch 1"
    assert as_of.startswith("as of biolatch.device-events/")
    assert users == [
        "ana may use biometrics in the next login, not in this one",
        "  because     the user chose the password (user_choice)",
        "  this login  login-1 needs the password",
        "  next login  yes",
        "  to do       use the password for this login",
        "ben may not use biometrics now",
        "  because     the user switched it off (user_request)",
        "  app         no prompt: only the app's settings offer it",
        "dora may not use biometrics now",
        "  because     it was never enabled",
        "  app         no prompt: only the app's settings offer it",
        users[-1],
    ]
    assert users[-1].startswith("  prompt      declined; not before 20")


def test_state_answers_machines(biolatch: Callable[..., Ran], phone: Phone) -> None:
    ran = biolatch("state", phone.device, "--json")
    answer = json.loads(ran.out)
    home = partition_of(phone.device.encode(), LOCAL.partitions)
    assert answer["found"] is True
    assert answer["may_use_biometrics"] == {"ana": "other_login", "ben": "no", "dora": "no"}
    assert answer["as_of"].startswith(f"{DEVICE_EVENTS}/{home}/")
    assert (answer["partitions"], answer["home_partition"]) == ([home], home)
    assert answer["state"]["users"]["ana"]["fallback_login_id"] == "login-1"


def test_a_device_without_a_state_is_bad_news(
    biolatch: Callable[..., Ran], connection: Connection, phone: Phone, tmp_path: Path
) -> None:
    ran = biolatch("state", "nobody-s-phone")
    assert ran.code == ExitCode.FAILED
    assert "is not known" in ran.out
    ran = biolatch("explain", "nobody-s-phone")
    assert (ran.code, ran.out) == (ExitCode.FAILED, "Nothing is known of nobody-s-phone.\n")

    steps = len(phone.lines)
    phone.lines = []
    phone.event("device.erased")
    assert biolatch("publish", phone.written(tmp_path)).code == ExitCode.OK
    asyncio.run(stored_at_least(connection, steps + 1, VERDICTS, phone.device))
    ran = biolatch("state", phone.device)
    assert ran.code == ExitCode.FAILED
    assert "has no users any more" in ran.out
    answer = json.loads(biolatch("state", phone.device, "--json").out)
    assert (answer["found"], answer["state"]) == (False, None)
    ran = biolatch("explain", phone.device)
    assert ran.code == ExitCode.OK
    assert ran.out.endswith("has no state: no user is left.\n")


def test_explain_tells_every_step_in_order_and_why_it_ended_so(
    biolatch: Callable[..., Ran], phone: Phone
) -> None:
    ran = biolatch("explain", phone.device)
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert biolatch("explain", phone.device, "--since", "1h").out.count("\n") == ran.out.count("\n")
    later = biolatch("explain", phone.device, "--since", "0s").out
    assert later.startswith(f"\nNow, on {phone.device}")
    assert "set by      an event before those above" in later
    story, _, end = ran.out.partition(f"\n\nNow, on {phone.device} (biometrics epoch 1):\n\n")
    # Without the clock in front of an event and its partition and offset at the end.
    steps = [
        line[14:].strip() if line.startswith(" " * 14) else line[14:].rpartition("  ")[0]
        for line in story.split("\n")[1:]
    ]
    assert steps == [
        "enrollment.declined  login_prompt  dora",
        "- noted",
        "enrollment.submitted  fingerprint on android  settings  ana",
        "- applied",
        "* enabled",
        "enrollment.submitted  fingerprint on android  settings  ben",
        "- applied",
        "* enabled",
        "enrollment.revoked  may enable again  ben  lost",
        "- applied",
        "* disabled  admin  -> re_enable",
        *(
            line
            for left in (4, 3, 2, 1)
            for line in (
                "attempt.finished  rejected  sign_in  ana  login-1",
                f"- failed  {left} left",
            )
        ),
        "attempt.finished  fallback_chosen  sign_in  ana  login-1",
        "- not-counted",
        "* fallback-required  user_choice  -> use_password",
        "attempt.finished  matched  sign_in  ana  login-1",
        "- refused  fallback_active  -> use_password",
        "enrollment.withdrawn  settings  ben",
        "- applied",
    ]
    assert "  set by      fallback-required(user_choice) of " in end
    assert "  rule        who chooses the password uses it for this login (rule 19)\n" in end
    assert "  set by      enrollment.withdrawn of " in end


def test_explain_gives_machines_every_record(biolatch: Callable[..., Ran], phone: Phone) -> None:
    ran = biolatch("explain", phone.device, "--json")
    *steps, summary = [json.loads(line) for line in ran.out.splitlines()]
    assert [step["event"]["headers"]["ce_id"] for step in steps] == [
        json.loads(line)["id"] for line in phone.lines
    ]
    for step in steps:
        place = f"{DEVICE_EVENTS}/{step['partition']}/{step['offset']}"
        assert step["verdict"]["headers"]["ce_id"] == f"{place}/0"
        assert [each["headers"]["ce_id"] for each in step["decisions"]] == [
            f"{place}/{index}" for index, _ in enumerate(step["decisions"], start=1)
        ]
        assert step["dead_letters"] == []
    assert summary["kind"] == "summary"
    assert summary["set_by"]["ana"]["what"] == "fallback-required(user_choice)"
    assert summary["set_by"]["ana"]["offset"] == steps[-3]["offset"]
    assert summary["state"]["users"].keys() == {"ana", "ben", "dora"}


async def _published_elsewhere(kafka: LocalKafka, line: str, partition: int) -> None:
    event = read_line(line.encode())
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await producer.start()
    try:
        await producer.send_and_wait(
            DEVICE_EVENTS,
            event.value,
            key=event.key,
            headers=list(event.headers),
            partition=partition,
        )
    finally:
        await producer.stop()


def test_a_publisher_with_another_partitioner_is_found_out(
    biolatch: Callable[..., Ran],
    connection: Connection,
    topics_kafka: LocalKafka,
    phone: Phone,
) -> None:
    home = partition_of(phone.device.encode(), LOCAL.partitions)
    elsewhere = (home + 1) % LOCAL.partitions
    steps = len(phone.lines)
    phone.enable("eve", "key-9")
    asyncio.run(_published_elsewhere(topics_kafka, phone.lines[-1], elsewhere))
    asyncio.run(stored_at_least(connection, steps + 1, VERDICTS, phone.device))
    for command in ("state", "explain"):
        ran = biolatch(command, phone.device)
        assert ran.code == ExitCode.OK
        assert f"belongs to partition {home}, and has records in " in ran.err
        assert "murmur2" in ran.err
        # The state of the last event is the one that is shown.
        assert "eve may use biometrics now" in ran.out
    found = json.loads(biolatch("state", phone.device, "--json").out)["partitions"]
    assert found == sorted([home, elsewhere])
    *shown, _ = biolatch("explain", phone.device, "--json").out.splitlines()
    assert len(shown) == steps + 1


def test_what_could_not_be_decoded_is_listed_counted_and_explained(
    biolatch: Callable[..., Ran], connection: Connection, topics_kafka: LocalKafka
) -> None:
    phone = Phone()

    async def publish_rubbish() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=topics_kafka.bootstrap_servers)
        await producer.start()
        try:
            for value, key in ((b"\xff", phone.device.encode()), (None, phone.device.encode())):
                await producer.send_and_wait(
                    DEVICE_EVENTS, value, key=key, headers=[("content-type", b"text/\x1b[2J")]
                )
        finally:
            await producer.stop()
        await stored_at_least(connection, 2, "biolatch.dead-letters", phone.device)

    before = json.loads(biolatch("dead-letters", "list", "--json").out)
    asyncio.run(publish_rubbish())

    ran = biolatch("dead-letters", "list", "-n", "2")
    assert ran.code == ExitCode.OK
    assert ran.out.isascii()
    first, message, *_ = ran.out.splitlines()
    assert first[14:].startswith(f"  device-events/{partition_of(phone.device.encode(), 4)}/")
    assert first.endswith(f"  envelope.content_type_unknown  {phone.device}")
    assert message.startswith("    content-type is neither ")

    after = json.loads(biolatch("dead-letters", "list", "--json", "-n", "2").out)
    assert after["total"] == before["total"] + 2
    unknown, tombstone = after["letters"]
    assert unknown["letter"]["value_base64"] == "/w=="
    assert (tombstone["code"], tombstone["letter"]["value"]) == ("record.tombstone", None)
    assert unknown["original_topic"] == DEVICE_EVENTS
    assert unknown["original_offset"] < tombstone["original_offset"]

    only = json.loads(
        biolatch("dead-letters", "list", "--json", "--code", "record.tombstone", "-n", "1").out
    )
    assert [letter["code"] for letter in only["letters"]] == ["record.tombstone"]
    assert only["by_code"] == after["by_code"]

    ran = biolatch("explain", phone.device)
    assert "! dead letter  record.tombstone: the record has no value" in ran.out
    assert "has no state" in ran.out


def test_a_worker_that_cannot_start_says_why(
    topics_kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "other")
    with Program(topics_kafka.bootstrap_servers, "run") as program:
        ran = program.end()
    assert (ran.code, ran.out) == (ExitCode.MISCONFIGURED, "")
    assert "biolatch topics apply" in ran.err
