from dataclasses import replace

import pytest

from deploy.kafka.admin import ClusterTopic
from deploy.topic_drift import FIX_SETTINGS, Drift, drift_of, input_drift
from schemas.sizing import Sizing
from schemas.topics import topology

TOPIC = topology().device_events
SIZING = Sizing(partitions=4, replication=3)
AS_WANTED = ClusterTopic(
    name=TOPIC.name,
    partitions=4,
    replication=3,
    settings=TOPIC.settings(replication=3) | {"an.operator.s.own": "1"},
    overridden=frozenset({"an.operator.s.own"}),
)


def test_a_topic_as_specified_does_not_drift_and_other_settings_are_the_operator_s() -> None:
    assert drift_of(TOPIC, AS_WANTED, SIZING) == []


def test_a_setting_that_differs_can_be_fixed() -> None:
    found = replace(
        AS_WANTED, settings={**AS_WANTED.settings, "message.timestamp.type": "CreateTime"}
    )
    assert drift_of(TOPIC, found, SIZING) == [
        Drift(
            topic=TOPIC.name,
            setting="message.timestamp.type",
            have="CreateTime",
            want="LogAppendTime",
            advice=FIX_SETTINGS,
            fixable=True,
        )
    ]


def test_a_setting_that_the_cluster_does_not_know_cannot_be_fixed() -> None:
    settings = {
        name: value
        for name, value in AS_WANTED.settings.items()
        if name != "unclean.leader.election.enable"
    }
    (drift,) = drift_of(TOPIC, replace(AS_WANTED, settings=settings), SIZING)
    assert drift.have == "unknown to this cluster"
    assert not drift.fixable


@pytest.mark.parametrize(
    ("have", "advice"), [(3, "biolatch topics repartition 4 --apply"), (5, "delete")]
)
def test_a_partition_count_is_only_advised_on(have: int, advice: str) -> None:
    (drift,) = drift_of(TOPIC, replace(AS_WANTED, partitions=have), SIZING)
    assert (drift.setting, drift.have, drift.want) == ("partitions", str(have), "4")
    assert advice in drift.advice
    assert not drift.fixable


def test_a_replication_is_only_advised_on() -> None:
    (drift,) = drift_of(TOPIC, replace(AS_WANTED, replication=1), SIZING)
    assert (drift.setting, drift.have, drift.want) == ("replication", "1", "3")
    assert "kafka-reassign-partitions.sh" in drift.advice
    assert not drift.fixable


@pytest.mark.parametrize(("wish", "drifts"), [(None, 0), (4, 0), (8, 1)])
def test_an_existing_input_decides_against_a_wish(wish: int | None, drifts: int) -> None:
    assert len(input_drift(TOPIC, AS_WANTED, wish)) == drifts
