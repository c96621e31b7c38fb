from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents import tally
from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, Partition
from events.errors import MalformedInput
from schemas.malformed import MalformedCode
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS
from tests.unit.counted import counted
from tests.unit.malformed.lines import BROKEN_LINES
from tests.unit.malformed.table import MALFORMED
from tests.unit.sound_records import (
    COMPLETE,
    FINISHED,
    NOW_MS,
    SUBMITTED,
    Record,
    binary,
    compact,
    read,
)

ROWS = pytest.mark.parametrize(("record", "code"), MALFORMED.values(), ids=MALFORMED)
PARTITION = Partition(DEVICE_EVENTS, 3)
ENROLLMENT = binary(SUBMITTED, compact(COMPLETE[SUBMITTED]))
ATTEMPT = binary(FINISHED, compact(COMPLETE[FINISHED])).with_header("ce_id", b"event-2")
PERSONAL = ("phone-1", "phone-2", "user-1", "login-1", "key-1", "event-1")
OUR_HEADERS = 6


@ROWS
def test_each_kind_has_its_code_and_its_message_names_nobody(
    record: Record, code: MalformedCode
) -> None:
    with pytest.raises(MalformedInput) as refused:
        read(record)
    assert refused.value.code == code
    message = str(refused.value)
    assert message.isprintable()
    assert not any(name in message for name in PERSONAL)


def decided(records: Sequence[Record]) -> tuple[DevicesAgent, BatchResult]:
    """What a fresh worker makes of these records on an empty partition."""
    agent = DevicesAgent(Policy())
    return agent, agent(PARTITION, {}, records)


@ROWS
def test_each_becomes_a_dead_letter_between_records_that_it_does_not_touch(
    record: Record, code: MalformedCode
) -> None:
    before, bad, after = (
        replace(one, offset=offset) for offset, one in enumerate((ENROLLMENT, record, ATTEMPT), 10)
    )
    _, with_bad = decided([before, bad, after])
    _, without = decided([before, after])
    assert with_bad.rows == without.rows
    (letter,) = with_bad.outgoing[DEAD_LETTERS]
    assert {**with_bad.outgoing, DEAD_LETTERS: []} == {**without.outgoing, DEAD_LETTERS: []}
    assert counted(with_bad, tally.DEAD_LETTER) == {(code.value,): 1}

    key, value, headers = letter
    whole = "biolatch-truncated" not in dict(headers)
    assert key == bad.key
    assert (value == bad.value) is whole
    ours = headers[-OUR_HEADERS:] if whole else headers[-OUR_HEADERS - 1 : -1]
    assert headers[: len(bad.headers)] == [(name, text) for name, text in bad.headers]
    assert dict(ours) == {
        "biolatch-original-topic": b"biolatch.device-events",
        "biolatch-original-partition": b"3",
        "biolatch-original-offset": b"11",
        "biolatch-original-timestamp": str(bad.timestamp).encode(),
        "biolatch-error-code": code.encode(),
        "biolatch-error-message": dict(ours)["biolatch-error-message"],
    }


def test_a_batch_of_nothing_but_bad_records_writes_only_dead_letters() -> None:
    bad = [replace(record, offset=offset) for offset, (record, _) in enumerate(MALFORMED.values())]
    _, result = decided(bad)
    assert result.rows == {}
    assert set(result.outgoing) == {DEAD_LETTERS}
    offsets = [
        dict(headers)["biolatch-original-offset"] for *_, headers in result.outgoing[DEAD_LETTERS]
    ]
    assert offsets == [str(record.offset).encode() for record in bad]
    assert sum(counted(result, tally.DEAD_LETTER).values()) == len(MALFORMED)


def test_an_operator_may_send_a_sound_record_to_the_dead_letters() -> None:
    agent = DevicesAgent(Policy())
    code = MalformedCode.SKIPPED
    result = agent.dead_letter(PARTITION, ENROLLMENT, code.value, "skipped by an operator")
    assert result.rows == {}
    ((key, value, headers),) = result.outgoing[DEAD_LETTERS]
    assert (key, value) == (ENROLLMENT.key, ENROLLMENT.value)
    assert headers[:-OUR_HEADERS] == list(ENROLLMENT.headers)
    assert dict(headers)["biolatch-error-code"] == b"operator.skipped"
    assert dict(headers)["biolatch-original-timestamp"] == str(NOW_MS).encode()
    assert counted(result, tally.DEAD_LETTER) == {("operator.skipped",): 1}


def test_every_code_has_a_record_that_gets_it() -> None:
    consumed = {code for _, code in MALFORMED.values()}
    published = {code for _, code in BROKEN_LINES.values()}
    # Those of signatures have records of their own (test_publisher_signatures.py).
    signatures = {code for code in MalformedCode if code.startswith("signature.")}
    elsewhere = signatures | {MalformedCode.SKIPPED}
    assert consumed | published | elsewhere == set(MalformedCode)
    # What only a publisher or an operator can cause never reaches a worker's dead letters.
    assert set(MalformedCode) - consumed == {MalformedCode.FIELD_UNKNOWN, *elsewhere}


@pytest.mark.parametrize("code", MalformedCode)
def test_every_code_is_stable_and_explained(code: MalformedCode) -> None:
    area, _, name = code.value.partition(".")
    assert area in {"record", "envelope", "data", "signature", "operator"}
    assert name.replace("_", "a").replace("8", "a").isalpha()
    for sentence in (code.meaning, code.mend):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "|" not in sentence  # the reference page is a table
