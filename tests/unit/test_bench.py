# Goal: the parts of the benchmark that compute: its load, its audit and its figures.
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from agents.lane.port import Partition
from deploy.bench.child_process import Usage
from deploy.bench.drain import Look, cpu_us_per_event
from deploy.bench.event_records import event_record
from deploy.bench.log_growth import logged_bytes
from deploy.bench.percentiles import percentile
from deploy.bench.phone_history import PhoneHistory, Report
from deploy.bench.scaling import crowds
from deploy.bench.verdict_audit import Appended, VerdictAudit
from deploy.records.topic_record import TopicRecord
from events.errors import InvariantBroken, Misconfigured
from schemas.inputs import decode

EVENTS = 20_000
AT_MS = 1_790_000_000_000


def history(seed: int = 7) -> list[Report]:
    phones = PhoneHistory(seed=seed, devices=500)
    return [*phones.enrollments(), *islice(phones.events(), EVENTS)]


def test_a_seed_decides_the_whole_history() -> None:
    assert history() == history()
    assert history() != history(seed=8)


def test_every_event_is_one_that_a_publisher_may_send() -> None:
    for report in history():
        record = event_record(report, at_ms=AT_MS)
        fact = decode(
            record.key,
            record.value,
            record.headers,
            timestamp_ms=AT_MS,
            offset=0,
            unknown_fields="forbid",
        )
        assert (fact.device_id, fact.occurred_at_ms) == (report.device_id, AT_MS)


def test_the_mix_is_the_one_that_is_promised() -> None:
    events = history()[-EVENTS:]
    kinds = Counter(report.event_type.removeprefix("biolatch.") for report in events)
    shares = {kind: count / EVENTS for kind, count in kinds.items()}
    assert shares == {
        "attempt.finished.v1": pytest.approx(0.85, abs=0.01),
        "enrollment.submitted.v1": pytest.approx(0.065, abs=0.01),
        "biometrics.changed.v1": pytest.approx(0.028, abs=0.01),
        "enrollment.withdrawn.v1": pytest.approx(0.026, abs=0.01),
        "attempt.password-accepted.v1": pytest.approx(0.026, abs=0.01),
        "enrollment.declined.v1": pytest.approx(0.005, abs=0.003),
    }
    outcomes = Counter(report.data["outcome"] for report in events if "outcome" in report.data)
    assert outcomes["matched"] / outcomes.total() == pytest.approx(0.88, abs=0.01)


def verdict(offset: int, *, kind: str = "accepted", value: bytes = b"{}") -> TopicRecord:
    headers = (
        ("ce_id", f"events/0/{offset}/0".encode()),
        ("ce_type", f"biolatch.verdict.{kind}.v1".encode()),
    )
    return TopicRecord(Partition("verdicts", 0), 100 + offset, AT_MS, b"device", value, headers)


def test_the_audit_passes_one_verdict_for_each_input() -> None:
    audit = VerdictAudit("events", {0: 5})
    assert audit.take(verdict(5)) == 5
    assert audit.take(verdict(6, kind="refused", value=b'{"reason":"wait"}')) == 6
    audit.require_all({0: 7})
    assert audit.kinds == {
        "biolatch.verdict.accepted.v1": 1,
        "biolatch.verdict.refused.v1 wait": 1,
    }


@pytest.mark.parametrize("offset", [4, 6], ids=["repeated", "missing"])
def test_the_audit_stops_at_a_verdict_that_is_out_of_place(offset: int) -> None:
    audit = VerdictAudit("events", {0: 5})
    with pytest.raises(InvariantBroken, match=r"events/0/5/0 had to come, and events/0/"):
        audit.take(verdict(offset))


def test_the_audit_misses_what_never_came() -> None:
    audit = VerdictAudit("events", {0: 5, 1: 0})
    audit.take(verdict(5))
    with pytest.raises(InvariantBroken, match=r"bench|known up to"):
        audit.require_all({0: 6, 1: 1})


def test_a_rate_counts_what_came_after_the_first_batch() -> None:
    appended = Appended(Counter({1000: 500, 1100: 300, 3000: 100}))
    assert appended.seconds == 2
    assert appended.events_per_s == 200


def test_one_batch_tells_no_rate() -> None:
    with pytest.raises(Misconfigured, match="ask for more --events"):
        _ = Appended(Counter({1000: 500})).events_per_s


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [4.0, 1.0, 3.0, 2.0]
    assert [percentile(values, share) for share in (0.01, 0.25, 0.5, 0.51, 0.99, 1)] == [
        *(1.0, 1.0, 2.0, 3.0, 4.0, 4.0)
    ]


def test_log_segments_count_for_their_topic(tmp_path: Path) -> None:
    for name, size in [("a-topic-0", 10), ("a-topic-11", 5), ("__offsets-0", 3), ("no-topic", 9)]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "00000000000000000000.log").write_bytes(b"x" * size)
        (tmp_path / name / "00000000000000000000.index").write_bytes(b"x" * 100)
    assert logged_bytes(tmp_path) == {"a-topic": 15, "__offsets": 3}


def test_crowds_differ_from_the_first_in_one_thing() -> None:
    first, *others = crowds(10_000)
    assert first == (1, 10_000, 4)
    assert [
        {name: value for name, value in each._asdict().items() if value != getattr(first, name)}
        for each in others
    ] == [
        {"devices": 100_000},
        {"devices": 1_000_000},
        {"partitions": 1},
        {"partitions": 12},
        {"workers": 2},
    ]


def look(committed: int, cpu_s: float, *, warm_up: int = 1000, is_warm: bool = True) -> Look:
    return Look(
        committed,
        measured=max(0, committed - warm_up),
        is_warm=is_warm,
        workers=Usage(cpu_s, 0),
        broker=Usage(cpu_s / 2, 0),
    )


def test_the_warm_up_costs_nothing_however_long_it_is() -> None:
    # A second for each event of the warm-up, a millisecond for each of those behind it.
    warming_up = [look(committed, float(committed)) for committed in (0, 500, 1000)]
    steady = [look(1000 + done, 1000 + done / 1000) for done in range(0, 101, 10)]
    assert cpu_us_per_event([*warming_up, *steady]) == (pytest.approx(1000), pytest.approx(500))


def test_events_count_from_when_all_partitions_are_warm() -> None:
    # One partition is slower: its warm-up goes on while others are at their measured events.
    mixed = [look(1000 + done, 10.0 * done, is_warm=False) for done in range(0, 30, 10)]
    steady = [look(1000 + done, 1000 + done / 1000) for done in range(30, 101, 10)]
    assert cpu_us_per_event([*mixed, *steady]) == (pytest.approx(1000), pytest.approx(500))


def test_a_drain_that_was_over_too_soon_has_no_cost() -> None:
    looks = [look(1000, 1.0), look(1050, 2.0), look(1100, 3.0)]
    assert cpu_us_per_event(looks) == (None, None)
