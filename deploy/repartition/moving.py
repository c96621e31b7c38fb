"""Giving an application more partitions, with every device's row where its events will be.

Owns the order of things, each step harmless to repeat, so that a command that was killed is run
again: topics grow, the input last, and from then on no partition is served, for rows and input
disagree; every lane is fenced; what changelog, public state and input hold is read to the end;
one transaction writes rows, marks, states, positions, the group's offsets and, where some events
wait in a partition that their device leaves, those events. With it, all partitions can be served.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agents.device_rows import ROW_FORMAT
from agents.lane.port import Partition
from deploy.kafka.admin import ClusterTopic, KafkaAdmin
from deploy.records.connection import Connection
from deploy.records.sequence import ScanProgress, untold
from deploy.records.topic_record import TopicRecord
from deploy.records.transactional_writer import GroupOffsets, TransactionalWriter, Write
from deploy.repartition.found import (
    Found,
    Task,
    find,
    home,
    is_astray,
    starts,
    waiting,
    waiting_records,
)
from deploy.repartition.layout import Moves, moves, positions_of
from events.errors import Misconfigured
from schemas.input_marks import MOVED_FROM_HEADER
from schemas.topics import DEVICE_EVENTS, DEVICE_STATE, Topic

_TIMESTAMP_TYPE: Final = "message.timestamp.type"
_AS_GIVEN: Final = "CreateTime"
_SHOWN_CHECK_S: Final = 0.05
_SHOWN_S_MAX: Final = 15.0
_LANE_TIMEOUT_S: Final = 30.0
_TRANSACTION_TIMEOUT_S: Final = 600.0
"""Within what brokers allow by default (15 min): millions of rows are one transaction."""


class WorkersRun(Exception):  # noqa: N818 - a state of the cluster, named in the answer
    """The group has members; the message names them."""


class NotMore(Exception):  # noqa: N818 - as above
    """Fewer partitions were asked for than there are; the message says why that cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What there is, and what moves.

    Attributes:
        old_count: how many partitions the rows were made with.
        topics: how many partitions each topic has.
        moved: what becomes of the changelog.
        states: how many public states there are.
        states_moved: how many of them go to another partition.
        waiting: events that are not decided.
        waiting_moved: whether they are written anew, because some wait where their device leaves.
        members: who is in the workers' group.
    """

    old_count: int
    topics: Mapping[str, int]
    moved: Moves
    states: int
    states_moved: int
    waiting: int
    waiting_moved: bool
    members: tuple[str, ...]

    def is_done(self, partitions: int) -> bool:
        """Whether nothing is left to do."""
        return (
            self.old_count == partitions
            and set(self.topics.values()) == {partitions}
            and not self.moved.devices_moved
            and not self.states_moved
            and not self.waiting_moved
        )


Step = Callable[[str], None]
"""Told what is being done."""


async def plan(connection: Connection, task: Task, *, on_progress: ScanProgress = untold) -> Plan:
    """Look, and change nothing.

    Raises:
        NotMore: fewer partitions are asked for than there are.
        Misconfigured: a topic or a right is missing, or the rows cannot be moved.
        TransientFailure: Kafka did not answer.
    """
    async with KafkaAdmin.over(connection) as admin:
        topics = await _topics(admin, connection, task)
        group = await admin.group(task.group)
    found = await find(connection, task, on_progress)
    waits = waiting(found, task.partitions)
    moved_waiting = await is_astray(connection, waits, task.partitions)
    states = [each for by_key in found.states.values() for each in by_key.values()]
    return Plan(
        old_count=found.old_count,
        topics={name: topic.partitions for name, topic in topics.items()},
        moved=_moves(found, task, moved_waiting=moved_waiting),
        states=len(states),
        states_moved=sum(home(each, task.partitions) != each.partition.number for each in states),
        waiting=sum([1 async for _ in waiting_records(connection, waits)]),
        waiting_moved=moved_waiting,
        members=tuple(f"{member.client_id} at {member.host}" for member in group.members),
    )


async def repartition(
    connection: Connection, task: Task, *, on_step: Step, on_progress: ScanProgress = untold
) -> None:
    """Do it; whatever is killed when, run it again.

    Raises:
        WorkersRun: the group has members; nothing was changed.
        NotMore, Misconfigured, TransientFailure: as `plan`.
    """
    async with KafkaAdmin.over(connection) as admin:
        topics = await _topics(admin, connection, task)
        members = (await admin.group(task.group)).members
        if members:
            raise WorkersRun(", ".join(sorted({member.client_id for member in members})))
        _, *others = task.topology.topics
        for topic in (*others, task.topology.device_events):  # the input last
            if topics[topic.name].partitions < task.partitions:
                on_step(f"growing {topic.name} to {task.partitions} partitions")
                await admin.grow(topic.name, task.partitions)
        on_step("fencing every lane")
        await asyncio.gather(*(_fence(connection, task, each) for each in range(task.partitions)))
        async with TransactionalWriter(
            connection,
            # Within what the rights of lanes cover; no partition has this name.
            f"{task.application}-{DEVICE_EVENTS}-repartition",
            transaction_timeout_s=_TRANSACTION_TIMEOUT_S,
        ) as writer:
            on_step("reading rows, states and the input's end")
            found = await find(connection, task, on_progress)
            waits = waiting(found, task.partitions)
            moved_waiting = await is_astray(connection, waits, task.partitions)
            if moved_waiting:
                on_step("letting the input keep the times of events that move")
                await _set_timestamp_type(admin, task.topology.device_events, _AS_GIVEN)
            on_step("writing everything in one transaction")
            await writer.commit(
                [
                    *_row_writes(task, _moves(found, task, moved_waiting=moved_waiting)),
                    *_state_writes(found, task.partitions),
                    *(
                        [
                            _moved(each, task.partitions)
                            async for each in waiting_records(connection, waits)
                        ]
                        if moved_waiting
                        else ()
                    ),
                ],
                _offsets(found, task, moved_waiting=moved_waiting),
            )
        # Also where a command that was killed did not.
        await _set_timestamp_type(admin, task.topology.device_events, _as_agreed(task))
    on_step("done")


def _as_agreed(task: Task) -> str:
    """Who dates events, as the contract has it."""
    return task.topology.device_events.settings(replication=1)[_TIMESTAMP_TYPE]


async def _set_timestamp_type(admin: KafkaAdmin, topic: Topic, wanted: str) -> None:
    """Say who dates the input's records, and wait until brokers say so, too."""
    is_set = False
    async with asyncio.timeout(_SHOWN_S_MAX):
        while True:
            found = (await admin.topics([topic.name]))[topic.name]
            if found.settings[_TIMESTAMP_TYPE] == wanted:
                return
            if not is_set:
                await admin.set_settings(found, {_TIMESTAMP_TYPE: wanted})
                is_set = True
            await asyncio.sleep(_SHOWN_CHECK_S)


async def _topics(
    admin: KafkaAdmin, connection: Connection, task: Task
) -> Mapping[str, ClusterTopic]:
    names = [topic.name for topic in task.topology.topics]
    topics = await admin.topics(names)
    for name in names:
        if name not in topics:
            raise Misconfigured(
                "topics.missing",
                f"the Kafka at {connection.bootstrap_servers} has no topic {name}; create it with "
                "`biolatch topics apply`",
            )
        if topics[name].partitions > task.partitions:
            raise NotMore(
                f"{name} has {topics[name].partitions} partitions. Kafka cannot take any away, and "
                "a topic made anew would give out the ids of old verdicts and decisions a second "
                "time. A worker serves as many partitions as you like."
            )
    return topics


async def _fence(connection: Connection, task: Task, number: int) -> None:
    """End whoever may still be at work on a partition, and settle what it had begun."""
    lane = f"{task.application}-{DEVICE_EVENTS}-{number}"
    async with TransactionalWriter(connection, lane, transaction_timeout_s=_LANE_TIMEOUT_S):
        pass


def _moves(found: Found, task: Task, *, moved_waiting: bool) -> Moves:
    positions = positions_of(found.rows)
    return moves(
        found.rows,
        old_count=found.old_count,
        new_count=task.partitions,
        starts=starts(waiting(found, task.partitions), moved_waiting=moved_waiting),
        row_format=max([ROW_FORMAT, *(each.row_format for each in positions.values())]),
        keys=task.keys,
    )


def _row_writes(task: Task, moved: Moves) -> Iterator[Write]:
    for number, changes in moved.changes.items():
        for key, row in changes.items():
            yield Write(Partition(task.changelog, number), key, row)


def _state_writes(found: Found, new_count: int) -> Iterator[Write]:
    """Each state to its device's new partition, and away from the old one."""
    for by_key in found.states.values():
        for record in by_key.values():
            target = home(record, new_count)
            if target != record.partition.number:
                yield Write(
                    Partition(DEVICE_STATE, target), record.key, record.value, record.headers
                )
                yield Write(record.partition, record.key, None, record.headers)


def _moved(record: TopicRecord, new_count: int) -> Write:
    mark = f"{record.partition}/{record.offset}".encode()
    return Write(
        Partition(DEVICE_EVENTS, home(record, new_count)),
        record.key,
        record.value,
        [*record.headers, (MOVED_FROM_HEADER, mark)],
        record.timestamp_ms,
    )


def _offsets(found: Found, task: Task, *, moved_waiting: bool) -> GroupOffsets:
    next_offsets = starts(waiting(found, task.partitions), moved_waiting=moved_waiting)
    return GroupOffsets(
        task.group, {Partition(DEVICE_EVENTS, number): at for number, at in next_offsets.items()}
    )
