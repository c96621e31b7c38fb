import ast
from pathlib import Path

import pytest

import schemas.topics
from schemas.sizing import LOCAL, PRODUCTION, Sizing, sizing_for
from schemas.topics import (
    BATCH_BYTES_MAX,
    DEAD_LETTER_VALUE_BYTES_MAX,
    INPUT_VALUE_BYTES_MAX,
    Cleanup,
    Topic,
    insync_replicas_min,
    topology,
)

ROOT = Path(schemas.topics.__file__).parents[1]
ALWAYS = {
    "max.message.bytes": "1048588",
    "message.timestamp.type": "LogAppendTime",
    "unclean.leader.election.enable": "false",
}
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.bytes": "67108864",
    "segment.ms": "3600000",
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": "21600000",
}


def by_name(application: str = "biolatch") -> dict[str, Topic]:
    return {topic.name: topic for topic in topology(application).topics}


def test_the_topics_of_the_design_the_input_first() -> None:
    assert list(by_name()) == [
        "biolatch.device-events",
        "biolatch.verdicts",
        "biolatch.decisions",
        "biolatch.device-state",
        "biolatch.dead-letters",
        "biolatch-devices-changelog",
        "biolatch.notification-dead-letters",
        "biolatch.security-events",
        "biolatch-analytics-verdicts-changelog",
        "biolatch-analytics-decisions-changelog",
        "biolatch-analytics-dead-letters-changelog",
        "biolatch-signal-streams",
    ]


def test_what_is_an_application_s_own() -> None:
    assert set(by_name("other")) - set(by_name()) == {
        "other-devices-changelog",
        "other-analytics-verdicts-changelog",
        "other-analytics-decisions-changelog",
        "other-analytics-dead-letters-changelog",
        "other-signal-streams",
    }


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("biolatch.device-events", {"cleanup.policy": "delete", "retention.ms": "604800000"}),
        ("biolatch.verdicts", {"cleanup.policy": "delete", "retention.ms": "604800000"}),
        ("biolatch.decisions", {"cleanup.policy": "delete", "retention.ms": "604800000"}),
        ("biolatch.dead-letters", {"cleanup.policy": "delete", "retention.ms": "604800000"}),
        ("biolatch.device-state", COMPACTED | {"delete.retention.ms": "604800000"}),
        ("biolatch-devices-changelog", COMPACTED | {"delete.retention.ms": "86400000"}),
        (
            "biolatch.notification-dead-letters",
            {"cleanup.policy": "delete", "retention.ms": "604800000"},
        ),
        ("biolatch-signal-streams", COMPACTED | {"delete.retention.ms": "86400000"}),
        ("biolatch.security-events", {"cleanup.policy": "delete", "retention.ms": "604800000"}),
        (
            "biolatch-analytics-decisions-changelog",
            COMPACTED | {"delete.retention.ms": "86400000"},
        ),
    ],
)
def test_every_setting_is_stated(name: str, own: dict[str, str]) -> None:
    by_age = (
        {"retention.bytes": "-1", "segment.ms": "86400000"}
        if own["cleanup.policy"] == "delete"
        else {}
    )
    expected = ALWAYS | own | by_age
    assert by_name()[name].settings(replication=1) == expected | {"min.insync.replicas": "1"}
    assert by_name()[name].settings(replication=3) == expected | {"min.insync.replicas": "2"}


def test_every_topic_says_why_it_keeps_what_it_keeps() -> None:
    assert all(topic.retention_reason and topic.purpose for topic in topology().topics)


def test_no_copy_of_the_input_outlives_it_and_no_mark_can_be_outlived() -> None:
    events = topology().device_events
    for topic in topology().topics:
        if topic.cleanup is Cleanup.DELETE:
            assert topic.retention_ms <= events.retention_ms
    # Marks stand in the changelog, which forgets nothing that was not replaced.
    assert topology().devices_changelog.cleanup is Cleanup.COMPACT


@pytest.mark.parametrize(
    ("name", "days", "hours"),
    [
        ("biolatch.device-events", 8, 0),
        ("biolatch.dead-letters", 8, 0),
        ("biolatch.device-state", 7, 12),
        ("biolatch-devices-changelog", 1, 12),
    ],
)
def test_when_an_erased_record_is_gone_at_the_latest(name: str, days: int, hours: int) -> None:
    ten_minutes_ms = 10 * 60 * 1000
    bound_ms = (days * 24 + hours) * 60 * 60 * 1000 + ten_minutes_ms
    assert by_name()[name].gone_after_ms == bound_ms


def test_production_has_three_replicas_of_which_two_must_hold_a_write() -> None:
    assert Sizing(partitions=12, replication=3) == PRODUCTION
    assert insync_replicas_min(PRODUCTION.replication) == 2


@pytest.mark.parametrize(("brokers", "sizing"), [(1, LOCAL), (2, LOCAL), (3, PRODUCTION)])
def test_a_cluster_of_three_brokers_is_sized_for_production(brokers: int, sizing: Sizing) -> None:
    assert sizing_for(brokers) == sizing


def test_the_largest_dead_letter_fits_into_a_batch() -> None:
    assert DEAD_LETTER_VALUE_BYTES_MAX == INPUT_VALUE_BYTES_MAX + 64 * 1024
    key_and_headers = 2 * 64 * 1024
    assert DEAD_LETTER_VALUE_BYTES_MAX + key_and_headers < BATCH_BYTES_MAX / 4


def test_no_other_file_spells_a_topic_s_name() -> None:
    names = set(by_name())
    spelt = {
        f"{path.relative_to(ROOT)}: {node.value}"
        for package in ("agents", "deploy", "events", "schemas")
        for path in (ROOT / package).rglob("*.py")
        if path != Path(schemas.topics.__file__)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert spelt == set()
