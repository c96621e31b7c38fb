# Goal: what is drained as signed is signed, and the bare rate counts right signatures.
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import Partition
from agents.publisher_signatures import PublisherSignatures
from deploy.bench import raw_verification
from deploy.bench.event_records import event_record
from deploy.bench.phone_history import PhoneHistory
from deploy.bench.raw_verification import Algorithm, RawRate, mean_of, raw_rate
from deploy.bench.report import read_report
from deploy.bench.signed import MODES
from deploy.cli import run
from deploy.console import json_text
from deploy.exit_codes import ExitCode
from events.errors import MalformedInput
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, VERDICTS
from tests.unit.bench_report import REPORT
from tests.unit.sound_records import Record


def test_phones_of_the_device_mode_sign_what_a_policy_that_requires_it_takes(
    tmp_path: Path,
) -> None:
    signing = MODES["device-es256"].prepare(tmp_path)
    assert signing.environment == {"BIOLATCH_POLICY__DEVICE_SIGNATURES": "required"}
    agent = DevicesAgent(
        Policy(version="2", device_signatures="required", attempts_per_minute_max=0)
    )
    history = PhoneHistory(seed=1, devices=100)
    now_ms = 1_769_904_000_000
    reports = [*history.enrollments(), *islice(history.events(), 400)]
    made = [
        signing.sign(event_record(report, at_ms=now_ms + number))
        for number, report in enumerate(reports)
    ]
    records = [
        Record(each.key, each.value, tuple(each.headers), now_ms + number, number)
        for number, each in enumerate(made)
    ]
    result = agent(Partition(DEVICE_EVENTS, 0), {}, records)
    assert DEAD_LETTERS not in result.outgoing
    reasons = [
        json.loads(value or b"{}").get("reason") for _, value, _ in result.outgoing[VERDICTS]
    ]
    assert len(reasons) == len(records)
    assert "signature_invalid" not in reasons
    unsigned = [event_record(report, at_ms=now_ms) for report in reports[:1]]
    refused = agent(
        Partition(DEVICE_EVENTS, 0),
        {},
        [Record(each.key, each.value, tuple(each.headers), now_ms, 0) for each in unsigned],
    )
    ((_, value, _),) = refused.outgoing[VERDICTS]
    assert json.loads(value or b"{}")["reason"] == "signature_invalid"


@pytest.mark.parametrize("name", [name for name in MODES if name.startswith("publisher")])
def test_a_worker_of_the_mode_takes_its_load_and_no_other(name: str, tmp_path: Path) -> None:
    signing = MODES[name].prepare(tmp_path)
    settings = signing.environment
    assert settings["BIOLATCH_SIGNATURES__MODE"] == "require"
    signatures = PublisherSignatures(
        Path(settings["BIOLATCH_SIGNATURES__KEYS_FILE"]), mode="require"
    )
    report = next(iter(PhoneHistory(seed=1, devices=100).enrollments()))
    unsigned = event_record(report, at_ms=0)
    outcomes = []
    for made in (signing.sign(unsigned), unsigned):
        (outcome,) = signatures.outcomes([Record(made.key, made.value, tuple(made.headers))])
        outcomes.append(isinstance(outcome, MalformedInput))
    assert outcomes == [False, True]


@pytest.mark.parametrize("algorithm", ["ES256", "HS256"])
def test_the_bare_rate_is_that_of_signatures_verified(
    algorithm: Algorithm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_verification, "_SECONDS", 0.02)
    rate = raw_rate(algorithm, [b"one", b"two"], cores=2)
    assert rate.one_thread > 0
    assert rate.best == max(rate.one_thread, rate.all_cores)
    assert rate.cpu_us > 0


def test_before_and_after_count_alike() -> None:
    before = RawRate(one_thread=1.0, all_cores=2.0, cpu_us=3.0)
    after = RawRate(one_thread=3.0, all_cores=6.0, cpu_us=5.0)
    assert mean_of(before, after) == RawRate(one_thread=2.0, all_cores=4.0, cpu_us=4.0)


def test_a_kept_report_tells_of_signed_input_and_an_older_one_of_none() -> None:
    told = REPORT.for_machines()
    assert read_report(json_text(told).encode()) == REPORT
    assert told["signed"] == [
        {
            **{name: getattr(REPORT.signed[0], name) for name in ("mode", "algorithm", "cores")},
            "events_per_s": 13_500.0,
            "cpu_us_per_event": 130.0,
            "raw": {"one_thread": 9_000.0, "all_cores": 18_000.0, "cpu_us": 105.0},
            "others": 0.0,
            "raw_ratio": 0.75,
            "unsigned_ratio": 13_500 / 41_234,
        }
    ]
    older = {name: value for name, value in told.items() if name != "signed"}
    assert read_report(json_text(older).encode()) == replace(REPORT, signed=())


def test_an_unknown_mode_is_named_before_anything_is_started(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["bench", "--signed", "publisher-rs256"]) == ExitCode.USAGE
    assert "publisher-es256" in capsys.readouterr().err
