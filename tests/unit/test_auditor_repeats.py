"""What a `read_uncommitted` reader gets, after dropping repeats by one number per partition."""

from tests.auditor.audit_repeats import repeat_differences
from tests.auditor.records import RawRecord

TOPIC = "biolatch.verdicts"


def verdict(input_offset: int, at: int, value: bytes = b"{}") -> RawRecord:
    name = f"biolatch.device-events/0/{input_offset}/0".encode()
    return RawRecord(TOPIC, 0, at, 0, b"phone", value, [("ce_id", name)])


COMMITTED = [verdict(3, 0), verdict(4, 4), verdict(7, 5)]


def test_repeats_are_dropped() -> None:
    aborted = [verdict(4, 1), verdict(7, 2)]
    assert repeat_differences(COMMITTED, [*COMMITTED, *aborted]) == []


def test_a_repeat_that_says_something_else() -> None:
    (found,) = repeat_differences(COMMITTED, [*COMMITTED, verdict(4, 1, b"another")])
    assert "another" in found


def test_one_that_was_never_committed() -> None:
    (found,) = repeat_differences(COMMITTED, [*COMMITTED, verdict(9, 6)])
    assert "has 4 verdicts, 3 due" in found
