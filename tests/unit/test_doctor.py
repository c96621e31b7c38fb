# Goal: each finding of `biolatch doctor` is provoked once, says its fix, and is not there without
# its cause.
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from agents.lane.log import Bounds
from agents.lane.port import Partition
from agents.lane.position import Position
from agents.settings import load_settings
from deploy.acl_setup import AclOutcome
from deploy.cli import run
from deploy.doctor import here
from deploy.doctor.cluster import brokers_check, replicas_check, rights_check, topics_check
from deploy.doctor.finding import Check, Severity
from deploy.doctor.here import checks_here
from deploy.doctor.work import clock_check, group_check, hanging, lag_check, position_findings
from deploy.exit_codes import ExitCode
from deploy.inspection.lag import Lag, PartitionLag
from deploy.kafka.acl_admin import Acl
from deploy.kafka.admin import Group, GroupMember
from deploy.kafka.health import Health, Replicas
from deploy.records.connection import Connection
from deploy.topic_drift import Drift
from deploy.topic_setup import Outcome
from schemas.sizing import Sizing
from schemas.topics import DEVICE_EVENTS, topology

NOW_MS = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
ZERO, ONE = Partition(DEVICE_EVENTS, 0), Partition(DEVICE_EVENTS, 1)
CONNECTION = Connection(bootstrap_servers="kafka:9092")
ACL = Acl("User:worker", "TOPIC", "topic", "LITERAL", "READ")


def codes(*checks: Check) -> list[str]:
    findings = [finding for check in checks for finding in check.findings]
    assert all(finding.message and finding.fix for finding in findings)
    return [finding.code for finding in findings]


def looked(monkeypatch: pytest.MonkeyPatch, **variables: object) -> list[str]:
    """What is found here with these settings, but for the compiled code."""
    for name, value in variables.items():
        monkeypatch.setenv(f"BIOLATCH_{name}", str(value))
    return [each for each in codes(*checks_here(load_settings(), NOW_MS)) if "compiled" not in each]


def generated(folder: Path, *options: str) -> Path:
    keys = folder / "keys.json"
    arguments = ("--keys-file", str(keys), "--private-key", str(folder / "private.json"))
    assert run(("keys", "generate", "one", *arguments, "--source", "/app", *options)) == 0
    return keys


def test_without_settings_only_clear_marks_are_worth_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert looked(monkeypatch) == ["erasure.marks-in-clear"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), []),
        (("--not-after", "2026-06-10"), ["signatures.key-expires"]),
        (("--not-after", "2026-05-10"), ["signatures.key-expired", "signatures.no-valid-key"]),
        (("--not-before", "2026-07-10"), ["signatures.no-valid-key"]),
    ],
)
def test_publishers_keys_that_end_or_have_not_begun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: Sequence[str], found: list[str]
) -> None:
    keys = generated(tmp_path, *options)
    variables = {"SIGNATURES__MODE": "require", "SIGNATURES__KEYS_FILE": keys}
    assert looked(monkeypatch, **variables)[:-1] == found


def test_files_of_keys_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    assert looked(
        monkeypatch,
        SIGNATURES__MODE="require",
        SIGNATURES__KEYS_FILE=missing,
        ERASURE__MARK_KEYS_FILE=missing,
        KAFKA__SECURITY_PROTOCOL="SSL",
        KAFKA__CA_FILE=missing,
    ) == ["signatures.keys-file", "erasure.keys-file", "kafka.security-file"]
    keys = tmp_path / "marks.json"
    assert run(("erasure-key", "generate", str(keys))) == 0
    keys.chmod(0o644)
    assert "erasure.keys-file" in looked(monkeypatch, ERASURE__MARK_KEYS_FILE=keys)


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), []),
        (datetime(2026, 6, 20, tzinfo=UTC), ["tls.certificate-expires"]),
        (datetime(2026, 5, 20, tzinfo=UTC), ["tls.certificate-expired"]),
    ],
)
def test_certificates_that_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: datetime, found: list[str]
) -> None:
    certificate = trustme.CA().issue_cert("worker", not_after=ends)
    file = tmp_path / "worker.pem"
    file.write_bytes(certificate.cert_chain_pems[0].bytes())
    key = tmp_path / "worker.key"
    key.write_bytes(certificate.private_key_pem.bytes())
    key.chmod(0o600)
    variables = {
        "KAFKA__SECURITY_PROTOCOL": "SSL",
        "KAFKA__CERTIFICATE_FILE": file,
        "KAFKA__KEY_FILE": key,
    }
    assert looked(monkeypatch, **variables)[1:] == found


def test_rows_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = looked(monkeypatch, STORE__FOLDER=tmp_path / "rows")
    assert missing[1:] == ["store.missing"]
    assert looked(monkeypatch, STORE__FOLDER=tmp_path)[1:] == []
    monkeypatch.setattr(here, "DISK_FREE_BYTES_MIN", 2**60)
    assert looked(monkeypatch, STORE__FOLDER=tmp_path)[1:] == ["store.disk-short"]


def test_compiled_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def found() -> list[str]:
        return codes(*checks_here(load_settings(), NOW_MS)[:1])

    monkeypatch.setattr(here, "is_current", lambda: True)
    assert found() == []
    monkeypatch.setattr(here, "is_current", lambda: False)
    monkeypatch.setattr(here, "STAMP", tmp_path / "source")
    assert found() == ["compiled.missing"]
    (tmp_path / "source").write_text("other", encoding="ascii")
    assert found() == ["compiled.stale"]


@pytest.mark.parametrize(
    ("level", "found"), [(27, []), (21, ["broker.old"]), (None, ["broker.old"])]
)
def test_an_old_kafka(level: int | None, found: list[str]) -> None:
    assert codes(brokers_check(CONNECTION, 3, Health(level, ()))) == found


def test_topics_that_are_missing_or_otherwise() -> None:
    drift = Drift(topic=DEVICE_EVENTS, setting="partitions", have="4", want="12", advice="do it")
    outcome = Outcome(
        sizing=Sizing(partitions=12, replication=3),
        created=(),
        missing=(topology().verdicts.name,),
        present=(DEVICE_EVENTS,),
        fixed=(),
        drift=(drift,),
    )
    check = topics_check(topology(), outcome)
    assert codes(check) == ["topics.missing", "topics.drift"]
    assert check.findings[1].fix == "do it"


@pytest.mark.parametrize(
    ("assigned", "in_sync", "has_leader", "found"),
    [
        (3, 3, True, []),
        (1, 1, True, []),
        (3, 2, True, ["replicas.under-replicated"]),
        (3, 1, True, ["replicas.under-min-isr"]),
        (3, 0, False, ["replicas.offline"]),
    ],
)
def test_replicas_that_do_not_keep_up(
    *, assigned: int, in_sync: int, has_leader: bool, found: list[str]
) -> None:
    assert codes(replicas_check([Replicas(ZERO, assigned, in_sync, has_leader)])) == found


def test_rights() -> None:
    def found(**acls: tuple[Acl, ...]) -> list[str]:
        none: dict[str, tuple[Acl, ...]] = dict.fromkeys(
            ("granted", "missing", "present", "removed", "surplus"), ()
        )
        return codes(rights_check(AclOutcome(**{**none, **acls})))

    assert found(missing=(ACL,)) == ["acls.unused"]
    assert found(present=(ACL,)) == []
    assert found(present=(ACL,), missing=(ACL,)) == ["acls.missing"]
    assert found(present=(ACL,), surplus=(ACL,)) == ["acls.surplus"]


def lag(*behind_ms: int) -> Lag:
    return Lag(
        tuple(
            PartitionLag(partition=number, committed=5, start=0, end=9, behind_ms=each)
            for number, each in enumerate(behind_ms)
        )
    )


def group(*assigned: Partition, state: str = "Stable") -> Group:
    member = GroupMember(client_id="w", host="h", partitions=frozenset(assigned))
    return Group(state=state, members=(member,))


def test_the_workers_group() -> None:
    def found(of: Group) -> list[str]:
        return codes(group_check("biolatch", of, lag(0, 0)))

    assert found(group(ZERO, ONE)) == []
    assert found(Group(state="Empty", members=())) == ["group.nobody"]
    assert found(group(ZERO, state="PreparingRebalance")) == ["group.rebalancing"]
    assert found(group(ZERO)) == ["group.unassigned"]
    idle = group(ZERO, ONE).members + group().members
    assert found(Group(state="Stable", members=idle)) == ["group.idle"]


@pytest.mark.parametrize(
    ("own", "has_rows", "fix"),
    [
        (Position(DEVICE_EVENTS, 5, 2, 2), True, None),
        (None, False, None),
        (Position(DEVICE_EVENTS, 99, 2, 2), True, "biolatch position reset 0 --to-earliest"),
        (Position(DEVICE_EVENTS, 1, 2, 2), True, "biolatch position reset 0 --to-earliest"),
        (Position(DEVICE_EVENTS, 5, 4, 2), True, "biolatch topics repartition 2"),
        (None, True, "biolatch position reset 0 --to-earliest"),
    ],
)
def test_positions_that_keep_a_partition_parked(
    *, own: Position | None, has_rows: bool, fix: str | None
) -> None:
    positions = {0: None if own is None else own.encode()}
    found = list(position_findings(ZERO, Bounds(3, 9, 2), positions, has_rows=has_rows))
    assert [(each.code, each.fix) for each in found] == (
        [] if fix is None else [("position.unservable", fix)]
    )


def test_a_partition_that_somebody_has_and_that_stands_still() -> None:
    served = group(ZERO, ONE)
    assert codes(lag_check(lag(0, 59_000), served, is_served=True)) == []
    assert codes(lag_check(lag(0, 61_000), served, is_served=True)) == ["lag.stuck"]
    assert codes(lag_check(lag(0, 61_000), served, is_served=False)) == []


def test_a_transaction_that_is_open_for_too_long_and_a_record_from_the_future() -> None:
    assert list(hanging(ZERO, 14 * 60_000)) == []
    assert [each.code for each in hanging(ZERO, 16 * 60_000)] == ["transaction.hanging"]
    assert codes(clock_check(ZERO, 900)) == []
    assert codes(clock_check(ZERO, 1_100)) == ["clock.skew"]


def test_settings_that_are_refused_are_a_finding_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOLATCH_LANE__BATCH_RECORD_MAX", "5")
    assert run(("doctor", "--json")) == ExitCode.FAILED
    said = json.loads(capsys.readouterr().out)
    assert (said["errors"], said["checks"][0]["findings"][0]["code"]) == (1, "settings.invalid")


def test_a_kafka_that_is_away_is_a_finding_and_the_rest_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(("doctor",)) == ExitCode.FAILED
    said = capsys.readouterr().out
    assert "error[kafka.unreachable]" in said
    assert "keys of erasure marks" in said
    assert Severity.NOTE.value in said
