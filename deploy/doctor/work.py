"""What goes on: the workers' group, positions against the log, what stands still, and clocks."""

from collections.abc import Iterator, Mapping
from typing import Final

from agents.device_rows import ROW_FORMAT
from agents.lane.log import Bounds
from agents.lane.port import Partition
from agents.lane.position import POSITION_KEY
from agents.lane.rows import MemoryRows
from agents.lane.start import Unservable, starting_position
from agents.settings import Settings
from deploy.doctor.finding import Check, Finding, Severity
from deploy.inspection.instants import span_of_time
from deploy.inspection.lag import Lag, measure_lag
from deploy.kafka.admin import Group, KafkaAdmin
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, firsts, newest
from deploy.records.topic_record import Span
from deploy.records.whole_topics import last_by_key
from schemas.topics import DEVICE_EVENTS, Topology, topology

STUCK_AFTER_MS: Final = 60_000
"""A partition that somebody serves is behind for a moment; beyond this it does not go on."""
HANGING_AFTER_MS: Final = 15 * 60_000
"""`transaction.max.timeout.ms` as brokers have it by default: nobody may leave one open longer."""
SKEW_MS_MAX: Final = 1_000
_AT_REST: Final = "Stable"
_KEY_OF_ANOTHER: Final = b"row"


async def checks_of_the_work(
    settings: Settings, connection: Connection, now_ms: int, on_progress: ScanProgress
) -> list[Check]:
    """Everything about what workers do.

    Raises:
        TransientFailure: Kafka did not answer.
        Misconfigured: a topic is missing, or Kafka refuses.
    """
    topics = topology(settings.application.name)
    async with KafkaAdmin.over(connection) as admin:
        group = await admin.group(settings.application.group)
    async with TopicReader(connection) as reader:
        lag = await measure_lag(reader, settings.application.group, now_ms=now_ms)
        positions = await _positions(reader, topics, on_progress)
        transactions = await _transactions(connection, reader, topics, now_ms)
        clocks = await _clocks(reader, topics, now_ms)
    unservable = {finding.message for finding in positions.findings}
    return [
        group_check(settings.application.group, group, lag),
        positions,
        lag_check(lag, group, is_served=not unservable),
        transactions,
        clocks,
    ]


def group_check(name: str, group: Group, lag: Lag) -> Check:
    """Whether every partition has a worker."""
    findings: list[Finding] = []
    served = {each.number for member in group.members for each in member.partitions}
    if not group.members:
        findings.append(
            Finding(
                "group.nobody",
                Severity.ERROR,
                "no worker runs: nothing is decided",
                "biolatch run",
            )
        )
    elif group.state != _AT_REST:
        message = f"the group is {group.state}: it deals its partitions out anew"
        fix = "wait a moment; if it goes on, see which worker comes and goes (worker.joined)"
        findings.append(Finding("group.rebalancing", Severity.WARNING, message, fix))
    elif left := [each.partition for each in lag.partitions if each.partition not in served]:
        message = f"nobody has partition {', '.join(map(str, left))}"
        findings.append(Finding("group.unassigned", Severity.ERROR, message, "restart a worker"))
    idle = sum(not member.partitions for member in group.members)
    if idle and group.state == _AT_REST:
        message = f"{idle} workers have no partition: there are more workers than partitions"
        fix = "fine as a reserve; for more throughput, biolatch topics repartition N"
        findings.append(Finding("group.idle", Severity.NOTE, message, fix))
    return Check("workers", f"{len(group.members)} in group {name}", findings)


async def _positions(reader: TopicReader, topics: Topology, on_progress: ScanProgress) -> Check:
    changelog = topics.devices_changelog.name
    spans = await reader.spans(await reader.partitions(changelog))
    rows = await last_by_key(reader, spans, on_progress=on_progress)
    inputs = await reader.spans(await reader.partitions(DEVICE_EVENTS))
    positions = {
        number: (POSITION_KEY in by_key and by_key[POSITION_KEY].value) or None
        for number, by_key in rows.items()
    }
    findings = [
        finding
        for partition, span in sorted(inputs.items())
        for finding in position_findings(
            partition,
            Bounds(span.start, span.end, len(inputs)),
            positions,
            has_rows=bool(rows.get(partition.number)),
        )
    ]
    known = sum(position is not None for position in positions.values())
    return Check("positions", f"{known} of {len(inputs)} partitions have one", findings)


def position_findings(
    partition: Partition,
    bounds: Bounds,
    positions: Mapping[int, bytes | None],
    *,
    has_rows: bool,
) -> Iterator[Finding]:
    """Why no worker may serve a partition, as a worker would find out."""
    own = positions.get(partition.number)
    rows = MemoryRows({POSITION_KEY: own} if own else {})
    if has_rows:
        rows[_KEY_OF_ANOTHER] = b""
    elsewhere = next((each for each in positions.values() if each is not None), None)
    try:
        starting_position(partition, rows, bounds, ROW_FORMAT, elsewhere=elsewhere)
    except Unservable as error:
        fix = (
            f"biolatch topics repartition {bounds.partition_count}"
            if "keys have moved" in str(error)
            else f"biolatch position reset {partition.number} --to-earliest"
        )
        message = f"{partition} is parked: {error}"
        yield Finding("position.unservable", Severity.ERROR, message, fix)


def lag_check(lag: Lag, group: Group, *, is_served: bool) -> Check:
    """Whether what is served goes on."""
    behind = lag.behind_ms
    summary = "not known" if behind is None else f"{span_of_time(behind)} behind"
    if not (group.members and is_served):
        return Check("lag", summary)  # told already
    findings = [
        Finding(
            "lag.stuck",
            Severity.WARNING,
            f"partition {each.partition} is {span_of_time(each.behind_ms)} behind, and somebody "
            f"has it: it stands at {each.committed}, or its worker is overloaded",
            f"look for lane.parked in the worker's log; biolatch skip {each.partition} OFFSET",
        )
        for each in lag.partitions
        if each.behind_ms is not None and each.behind_ms > STUCK_AFTER_MS
    ]
    return Check("lag", summary, findings)


async def _transactions(
    connection: Connection, reader: TopicReader, topics: Topology, now_ms: int
) -> Check:
    """Whether somebody's open transaction hides what stands behind it, for longer than allowed."""
    findings: list[Finding] = []
    open_now = 0
    async with TopicReader(connection, uncommitted=True) as everything:
        for topic in topics.topics:
            partitions = await reader.partitions(topic.name)
            stable = await reader.spans(partitions)
            whole = await everything.spans(partitions)
            hidden = {
                each: Span(stable[each].end, whole[each].end)
                for each in partitions
                if stable[each].end < whole[each].end
            }
            open_now += len(hidden)
            for partition, record in (await firsts(everything, hidden)).items():
                findings += hanging(partition, now_ms - record.timestamp_ms)
    return Check("transactions", f"{open_now} partitions have one open", findings)


def hanging(partition: Partition, age_ms: int) -> Iterator[Finding]:
    """A transaction that is open for longer than brokers let anybody keep one."""
    if age_ms > HANGING_AFTER_MS:
        yield Finding(
            "transaction.hanging",
            Severity.ERROR,
            f"{partition} has a transaction that is open for {span_of_time(age_ms)}: nothing "
            "behind it can be read",
            f"kafka-transactions.sh find-hanging --topic {partition.topic} "
            f"--partition {partition.number}, then abort",
        )


async def _clocks(reader: TopicReader, topics: Topology, now_ms: int) -> Check:
    """Brokers date records, so a record from the future shows that two clocks differ."""
    spans = {
        partition: span
        for topic in topics.topics
        for partition, span in (await reader.spans(await reader.partitions(topic.name))).items()
    }
    found = await newest(reader, spans, 1)
    if not found:
        return Check("clocks", "no record yet to compare with")
    [record] = found
    return clock_check(record.partition, record.timestamp_ms - now_ms)


def clock_check(partition: Partition, ahead_ms: int) -> Check:
    """Of the newest record of all, by how much it is ahead of this machine."""
    if ahead_ms <= SKEW_MS_MAX:
        return Check("clocks", "no record is from the future")
    message = (
        f"the newest record, in {partition}, is from {span_of_time(ahead_ms)} in the future: its "
        "broker's clock and this machine's differ by that or more"
    )
    fix = "let both follow a time server: chronyc tracking"
    return Check("clocks", "differ", [Finding("clock.skew", Severity.WARNING, message, fix)])
