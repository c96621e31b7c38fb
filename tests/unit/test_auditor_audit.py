"""The audit of a run: exact logs have no difference, and every kind of wrong is named."""

import json
from dataclasses import dataclass

import pytest

from tests.auditor.audit import differences
from tests.auditor.model import Model
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord, WireForm
from tests.property.history import generate

POLICY = Policy(version="7")


@dataclass
class Log:
    """All topics of a run, as consumed."""

    inputs: list[RawRecord]
    verdicts: list[RawRecord]
    decisions: list[RawRecord]
    dead_letters: list[RawRecord]
    device_states: list[RawRecord]

    def differences(self) -> list[str]:
        return differences(
            self.inputs,
            verdicts=self.verdicts,
            decisions=self.decisions,
            dead_letters=self.dead_letters,
            device_states=self.device_states,
            policy=POLICY,
        )


def written(form: WireForm, offset: int) -> RawRecord:
    headers = [(name, text.encode()) for name, text in form.headers.items()]
    value = json.dumps(form.value).encode()
    return RawRecord(form.topic, form.partition, offset, 0, form.key.encode(), value, headers)


def dead_letter(record: RawRecord, offset: int) -> RawRecord:
    added = {
        "original-topic": record.topic,
        "original-partition": str(record.partition),
        "original-offset": str(record.offset),
        "original-timestamp": str(record.timestamp_ms),
        "error-code": "input.malformed",
        "error-message": "something is wrong",
    }
    headers = [*record.headers, *((f"biolatch-{name}", v.encode()) for name, v in added.items())]
    return record._replace(topic="biolatch.dead-letters", offset=offset, headers=headers)


@pytest.fixture
def log() -> Log:
    """What an exact product would write, one batch per input record."""
    inputs = generate(seed=5, events=600, malformed_share=0.1).records
    model = Model(POLICY)
    log = Log(inputs, [], [], [], [])
    last: dict[bytes, bytes | None] = {}
    for record in inputs:
        result = model.step(record)
        if result.verdict is None:
            log.dead_letters.append(dead_letter(record, len(log.dead_letters)))
            continue
        assert record.key is not None
        log.verdicts.append(written(result.verdict, len(log.verdicts)))
        for form in result.decisions:
            log.decisions.append(written(form, len(log.decisions)))
        state = model.public_state(record.topic, record.partition, record.key.decode())
        value = None if state is None else json.dumps(state).encode()
        if value != last.get(record.key):
            last[record.key] = value
            as_of = f"{record.topic}/{record.partition}/{record.offset}".encode()
            log.device_states.append(
                record._replace(
                    topic="biolatch.device-state", value=value, headers=[("biolatch-as-of", as_of)]
                )
            )
    return log


def altered(record: RawRecord, name: str, value: object) -> RawRecord:
    data = json.loads(record.value or b"")
    return record._replace(value=json.dumps({**data, name: value}).encode())


def headed(record: RawRecord, name: str, value: bytes) -> RawRecord:
    headers = [(known, value if known == name else old) for known, old in record.headers]
    return record._replace(headers=headers)


def only(log: Log) -> str:
    """The one difference that there is."""
    found = log.differences()
    assert len(found) == 1, found
    return found[0]


def test_an_exact_log_has_no_difference(log: Log) -> None:
    assert log.differences() == []
    assert min(len(log.verdicts), len(log.decisions), len(log.dead_letters)) > 30


def test_order_among_partitions_is_of_no_importance(log: Log) -> None:
    log.inputs.sort(key=lambda record: -record.partition)
    log.verdicts.sort(key=lambda record: -record.partition)
    assert log.differences() == []


def test_missing(log: Log) -> None:
    del log.decisions[10]
    assert only(log).startswith("missing decision biolatch.device-events/")


def test_extra(log: Log) -> None:
    log.verdicts.append(headed(log.verdicts[0], "ce_id", b"biolatch.device-events/0/9999/0"))
    assert only(log).startswith("extra verdict biolatch.device-events/0/9999/0")


def test_written_twice(log: Log) -> None:
    log.verdicts.append(log.verdicts[7]._replace(offset=10_000))
    assert only(log).endswith("written 2 times")


def test_wrong_order(log: Log) -> None:
    log.verdicts[0] = log.verdicts[0]._replace(offset=100_000)
    assert only(log).startswith("wrong order: verdict biolatch.device-events/")


def test_wrong_id(log: Log) -> None:
    log.verdicts[3] = headed(log.verdicts[3], "ce_id", b"something else")
    assert only(log).startswith("wrong id of a verdict: biolatch.device-events/")


def test_wrong_partition(log: Log) -> None:
    record = log.decisions[-1]
    log.decisions[-1] = record._replace(partition=1 - record.partition, offset=0)
    assert only(log).startswith("wrong partition of decision")


def test_wrong_topic(log: Log) -> None:
    log.decisions[5] = log.decisions[5]._replace(topic="biolatch.verdicts")
    assert "biolatch.decisions due, biolatch.verdicts written" in only(log)


@pytest.mark.parametrize(("value", "shown"), [("8", "'8'"), (7, "7"), (None, "None")])
def test_wrong_field(log: Log, value: object, shown: str) -> None:
    log.verdicts[3] = altered(log.verdicts[3], "policy_version", value)
    assert only(log).endswith(f"wrong value.policy_version: '7' due, {shown} written")


def test_field_that_is_not_due(log: Log) -> None:
    log.verdicts[3] = altered(log.verdicts[3], "note", None)
    assert only(log).endswith("wrong value.note: '(absent)' due, None written")


def test_wrong_header_and_key(log: Log) -> None:
    log.verdicts[3] = headed(log.verdicts[3], "ce_subject", b"phone-x")._replace(key=None)
    found = log.differences()
    assert len(found) == 2
    assert "wrong key" in found[0]
    assert "wrong header.ce_subject" in found[1]


def test_dead_letters_missing_and_extra(log: Log) -> None:
    letters = log.dead_letters
    letters[2] = headed(letters[2], "biolatch-original-offset", b"77777")
    missing, extra = log.differences()
    assert missing.startswith("missing dead letter biolatch.device-events/")
    assert extra.startswith("extra dead letter biolatch.device-events/0/77777")


def test_dead_letters_that_differ(log: Log) -> None:
    letters = log.dead_letters
    letters[1] = letters[1]._replace(value=b"cut")
    letters[2] = letters[2]._replace(key=b"another")
    letters[3] = headed(letters[3], "biolatch-error-code", b"")
    letters[4] = headed(letters[4], "biolatch-original-timestamp", b"5")
    letters[5] = letters[5]._replace(headers=[*letters[5].headers, ("more", b"1")])
    found = log.differences()
    assert len(found) == 5, found
    for kind in (
        "wrong value",
        "wrong key",
        "no biolatch-error-code",
        "wrong timestamp",
        "headers",
    ):
        assert sum(kind in text for text in found) == 1, kind


def test_dead_letters_that_are_cut(log: Log) -> None:
    letters = log.dead_letters
    number = next(n for n, letter in enumerate(letters) if len(letter.value or b"") > 9)
    letter = letters[number]
    assert letter.value is not None
    marked = [*letter.headers, ("biolatch-truncated", b"true")]
    letters[number] = letter._replace(value=letter.value[:9], headers=marked)
    assert log.differences() == []
    letters[number] = letter._replace(value=b"other", headers=marked)
    assert "no beginning of the original" in only(log)


def test_final_state_missing(log: Log) -> None:
    key = log.device_states[-1].key
    log.device_states = [record for record in log.device_states if record.key != key]
    assert only(log).startswith("missing state of ph")


def test_state_not_as_of_its_position(log: Log) -> None:
    states = log.device_states
    assert states[4].value is not None
    states[4] = altered(states[4], "bio_epoch", 77)
    assert only(log).endswith("due, 77 written")
    states[4] = states[4]._replace(headers=[])
    assert only(log).endswith("no header biolatch-as-of that names a position")


def test_state_written_again(log: Log) -> None:
    last = log.device_states[-1]
    late = [record for record in log.inputs if record.partition == last.partition][-1]
    as_of = f"{late.topic}/{late.partition}/{late.offset}".encode()
    again = last._replace(offset=late.offset + 1)
    log.device_states.append(headed(again, "biolatch-as-of", as_of))
    assert only(log).endswith("written again though nothing changed")


def test_states_in_the_wrong_order(log: Log) -> None:
    earlier, last = [record for record in log.device_states if record.key == b"phone-0"][-2:]
    log.device_states.append(earlier._replace(offset=last.offset + 1))
    assert any("wrong order: as of" in text for text in log.differences())


def test_tombstone_that_is_not_due(log: Log) -> None:
    last = log.device_states[-1]
    log.device_states[-1] = last._replace(value=None)
    found = log.differences()
    assert all("'(tombstone)' written" in text for text in found)
    assert len(found) == 2
