# Goal: the monitor says what is, and nothing where it does not know.
from collections.abc import Collection, Mapping

from prometheus_client import generate_latest

from agents.lane.port import Partition
from agents.lane.status import Clocks
from deploy.inspection.lag import PartitionLag
from deploy.inspection.oldest_waiting import OldestWaiting
from deploy.monitor.collector import MonitorCollector, monitor_registry
from deploy.monitor.groups import GroupView, Watched
from deploy.monitor.look import Look, PartitionEnds
from deploy.records.consumer_groups import Member
from deploy.records.reader import Polled
from deploy.records.topic_record import Span, TopicRecord

ZERO, ONE = Partition("in", 0), Partition("in", 1)
MEMBER = Member("10.0.0.1", "worker-1", "biolatch")


class Records:
    """A topic of records with these offsets and times, which counts how often it is read."""

    bootstrap_servers = "memory"

    def __init__(self, records: Mapping[Partition, Mapping[int, int]]) -> None:
        self.records = records
        self.starts: list[dict[Partition, int]] = []

    def start(self, positions: Mapping[Partition, int]) -> None:
        self.starts.append(dict(positions))

    def pause(self, partition: Partition) -> None: ...

    async def check_alive(self) -> None: ...

    async def poll(
        self, partitions: Collection[Partition], *, key: bytes | None, wait_s: float
    ) -> dict[Partition, Polled]:
        del key, wait_s
        return {each: self._all(each) for each in partitions}

    def _all(self, partition: Partition) -> Polled:
        position = self.starts[-1][partition]
        return Polled(
            [
                TopicRecord(partition, offset, timestamp, None, None, ())
                for offset, timestamp in self.records[partition].items()
                if offset >= position
            ],
            10**6,
        )


async def test_what_waits_is_read_once_for_as_long_as_it_waits() -> None:
    topic = Records({ZERO: {3: 30, 7: 70}})
    oldest = OldestWaiting()
    assert await oldest.timestamps(topic, {ZERO: Span(1, 5)}) == {ZERO: 30}
    assert await oldest.timestamps(topic, {ZERO: Span(1, 9)}) == {ZERO: 30}
    assert await oldest.timestamps(topic, {ZERO: Span(2, 9)}) == {ZERO: 30}
    assert topic.starts == [{ZERO: 1}]
    assert await oldest.timestamps(topic, {ZERO: Span(4, 9)}) == {ZERO: 70}
    assert topic.starts[1:] == [{ZERO: 4}]


async def test_where_nothing_was_found_only_what_came_since_is_read() -> None:
    topic = Records({ZERO: {9: 90}})
    oldest = OldestWaiting()
    assert await oldest.timestamps(topic, {ZERO: Span(1, 5)}) == {}
    assert await oldest.timestamps(topic, {ZERO: Span(1, 5)}) == {}
    assert await oldest.timestamps(topic, {ZERO: Span(1, 12)}) == {ZERO: 90}
    assert topic.starts == [{ZERO: 1}, {ZERO: 5}]


async def test_a_group_that_goes_back_is_read_again_and_so_is_a_topic_made_anew() -> None:
    topic = Records({ZERO: {1: 10, 7: 70}})
    oldest = OldestWaiting()
    assert await oldest.timestamps(topic, {ZERO: Span(5, 9)}) == {ZERO: 70}
    assert await oldest.timestamps(topic, {ZERO: Span(0, 9)}) == {ZERO: 10}
    topic.records = {ZERO: {0: 99}}
    assert await oldest.timestamps(topic, {ZERO: Span(0, 1)}) == {ZERO: 99}


def lag(committed: int | None, end: int, behind_ms: int | None) -> PartitionLag:
    return PartitionLag(partition=0, committed=committed, start=2, end=end, behind_ms=behind_ms)


def test_records_behind_are_counted_only_where_one_waits() -> None:
    assert lag(5, 9, 10).records_behind == 4
    assert lag(None, 9, 10).records_behind == 7  # has never committed, or so long ago: all waits
    assert lag(0, 9, 10).records_behind == 7  # what was deleted waits no more
    assert lag(5, 9, 0).records_behind == 0  # nothing but markers
    assert lag(5, 9, None).records_behind == 4
    assert lag(12, 9, None).records_behind is None  # made anew


class Time:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def clocks(self) -> Clocks:
        return Clocks(lambda: int(self.now_s * 1000), lambda: self.now_s)


def look(
    lags: Mapping[Partition, PartitionLag],
    stable_age_ms: int | None = 0,
    hanging: int | None = 0,
) -> Look:
    return Look(
        cluster="c1",
        partitions={ZERO: PartitionEnds(0, 9, 9, stable_age_ms, hanging)},
        groups={"biolatch": GroupView(lags=lags, members={ZERO: MEMBER})},
    )


def collector(time: Time, cluster_name: str | None = None) -> MonitorCollector:
    return MonitorCollector(time.clocks(), cluster_name=cluster_name, old_after_s=30)


def shown(of: MonitorCollector) -> str:
    return generate_latest(monitor_registry(of)).decode()


def test_a_look_is_shown_with_the_member_that_has_the_partition() -> None:
    of = collector(Time())
    of.saw(look({ZERO: lag(5, 9, 1500), ONE: lag(9, 9, 0)}))
    text = shown(of)
    owned = (
        'client_id="biolatch",cluster_name="c1",consumer_id="worker-1",group="biolatch",'
        'member_host="10.0.0.1",partition="0",topic="in"'
    )
    unowned = (
        'client_id="",cluster_name="c1",consumer_id="",group="biolatch",member_host="",'
        'partition="1",topic="in"'
    )
    for line in (
        f"kafka_consumergroup_group_lag{{{owned}}} 4.0",
        f"kafka_consumergroup_group_lag_seconds{{{owned}}} 1.5",
        f"kafka_consumergroup_group_offset{{{owned}}} 5.0",
        f"kafka_consumergroup_group_lag_seconds{{{unowned}}} 0.0",
        'kafka_consumergroup_group_max_lag_seconds{cluster_name="c1",group="biolatch"} 1.5',
        'kafka_consumergroup_group_sum_lag{cluster_name="c1",group="biolatch"} 4.0',
        "biolatch_monitor_up 1.0",
    ):
        assert f"\n{line}\n" in text, line


def test_what_is_unknown_is_absent_and_so_is_every_sum_with_it() -> None:
    of = collector(Time(), cluster_name="production")
    of.saw(look({ZERO: lag(5, 9, 1500), ONE: lag(12, 9, None)}, stable_age_ms=None, hanging=None))
    text = shown(of)
    assert 'cluster_name="production"' in text
    assert "kafka_consumergroup_group_lag{" in text
    for name in (
        "kafka_consumergroup_group_max_lag",
        "kafka_consumergroup_group_max_lag_seconds",
        "kafka_consumergroup_group_sum_lag",
        "kafka_consumergroup_group_topic_sum_lag",
        "biolatch_partition_last_stable_offset_age_seconds",
        "biolatch_hanging_transaction",
    ):
        assert f"\n{name}{{" not in text, name


def test_transactions_that_hang_are_counted_and_none_is_0() -> None:
    of = collector(Time())
    where = '{cluster_name="c1",partition="0",topic="in"}'
    for hanging in (0, 1, 3):
        of.saw(look({}, hanging=hanging))
        assert f"\nbiolatch_hanging_transaction{where} {hanging}.0\n" in shown(of)


def test_a_look_that_failed_or_is_old_says_nothing() -> None:
    time = Time()
    of = collector(time)
    assert "kafka_" not in shown(of)
    of.saw(look({ZERO: lag(5, 9, 1500)}))
    time.now_s += 30
    assert "kafka_consumergroup_group_lag{" in shown(of)
    time.now_s += 1
    assert "kafka_" not in shown(of)
    of.saw(look({ZERO: lag(5, 9, 1500)}))
    of.failed()
    text = shown(of)
    assert "kafka_" not in text
    assert "\nbiolatch_monitor_up 0.0\n" in text
    assert "\nbiolatch_monitor_failures_total 1.0\n" in text
    assert "\nbiolatch_monitor_looks_total 2.0\n" in text


def test_groups_and_topics_of_the_application_are_told_by_their_names() -> None:
    watched = Watched(application="bank", group="bank-workers")
    assert [watched.is_group(each) for each in ("bank", "bank-notifier", "banker", "b")] == [
        *(True, True, False, False),
    ]
    topics = ("biolatch.verdicts", "bank-devices-changelog", "__consumer_offsets", "biolatchx")
    assert [watched.is_topic(each) for each in topics] == [True, True, False, False]
    elsewhere = Watched(application="bank", group="elsewhere")
    assert elsewhere.is_group("elsewhere")
    assert elsewhere.is_group("elsewhere-analytics-verdicts")
    assert elsewhere.is_group("bank-notifier")
