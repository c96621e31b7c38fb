"""Every hook of Faust, mode and aiokafka that the lane overrides or reaches for, by name and shape.

Goal: an upgrade that renames one fails here and says which, instead of going on without it.
"""

import importlib.metadata
import inspect

import aiokafka.producer.sender as sender_module
import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.producer.sender import Sender
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.group import HeartbeatRequest
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from mode.services import ServiceTask
from mode.threads import ServiceThread

from agents.lane.faust_host.consumer import LaneConsumer, LaneConsumerThread, LaneTransport
from agents.lane.faust_host.host import LaneHost
from agents.lane.faust_host.recovery import LaneRecovery, LaneTableManager
from agents.lane.kafka.static_member import _StaticHeartbeat, join_as

OVERRIDDEN = [
    (LaneHost, faust.App, "_on_agent_error", ["self", "agent", "exc"]),
    (LaneHost, faust.App, "_new_transport", ["self"]),
    (LaneHost, faust.App, "_on_rebalance_when_stopped", ["self"]),
    (LaneHost, faust.App, "on_first_start", ["self"]),
    (LaneHost, faust.App, "on_stop", ["self"]),
    (LaneConsumer, driver.Consumer, "_new_consumer_thread", ["self"]),
    (LaneConsumer, driver.Consumer, "getmany", ["self", "timeout"]),
    (LaneConsumer, driver.Consumer, "perform_seek", ["self"]),
    (LaneConsumer, driver.Consumer, "commit", ["self", "topics", "start_new_transaction"]),
    (LaneConsumer, driver.Consumer, "verify_event_path", ["self", "now", "tp"]),
    (
        LaneConsumerThread,
        driver.AIOKafkaConsumerThread,
        "_create_worker_consumer",
        ["self", "transport"],
    ),
    (
        LaneConsumerThread,
        driver.AIOKafkaConsumerThread,
        "on_partitions_assigned",
        ["self", "assigned", "generation_id"],
    ),
    (LaneConsumerThread, ServiceThread, "_keepalive2", ["self"]),
    (LaneConsumerThread, ServiceThread, "on_crash", ["self", "msg", "fmt", "kwargs"]),
    (LaneTableManager, TableManager, "on_start", ["self"]),
]

REPLACED_TASKS = ["_slurp_changelogs", "_publish_stats", "_restart_recovery"]

REACHED_FOR = [
    (driver.Consumer, "create_topic"),
    (faust_consumer.Consumer, "_drain_messages"),
    (TableManager, "_update_channels"),
    (TableManager, "wait_until_recovery_completed"),
    (Recovery, "signal_recovery_start"),
    (Recovery, "on_rebalance"),
    (faust.App, "_fetcher"),
    (ServiceThread, "Worker"),
    (faust.App, "on_rebalance_end"),
    (faust.App, "_on_partitions_revoked"),
    (Sender, "sender_task"),
    (MessageAccumulator, "fail_all"),
    (TransactionManager, "wait_for_transaction_end"),
    (AIOKafkaClient, "send"),
    (BatchBuilder, "append"),
    (FetchResult, "_update_position"),
    (Fetcher, "fetched_records"),
]


def test_the_libraries_are_the_ones_that_the_hooks_were_written_for() -> None:
    assert importlib.metadata.version("faust-streaming") == "0.15.3"
    assert importlib.metadata.version("aiokafka") == "0.14.0"


@pytest.mark.parametrize(("ours", "theirs", "name", "parameters"), OVERRIDDEN)
def test_what_we_override_is_there_with_these_parameters(
    ours: type, theirs: type, name: str, parameters: list[str]
) -> None:
    assert name in vars(ours)
    assert list(inspect.signature(getattr(theirs, name)).parameters) == parameters


@pytest.mark.parametrize(("theirs", "name"), REACHED_FOR)
def test_what_we_rely_on_is_there(theirs: type, name: str) -> None:
    assert hasattr(theirs, name)


def test_exactly_the_tasks_of_faust_that_we_replace_exist() -> None:
    def tasks(recovery: type) -> set[str]:
        return {
            name
            for base in recovery.__mro__
            for name, value in vars(base).items()
            if isinstance(value, ServiceTask)
        }

    assert tasks(Recovery) == set(REPLACED_TASKS)
    assert set(REPLACED_TASKS) <= set(vars(LaneRecovery))


def test_faust_reads_offsets_through_the_map_that_we_replace() -> None:
    source = inspect.getsource(faust_consumer.Consumer._drain_messages)  # noqa: SLF001 (a hook)
    assert "self._read_offset.__getitem__" in source
    assert "self._read_offset.__setitem__" in source


def test_faust_takes_our_classes_where_we_give_them() -> None:
    assert LaneTransport.Consumer is LaneConsumer
    assert issubclass(LaneHost.BootStrategy, BootStrategy)
    assert LaneHost.BootStrategy.enable_kafka_producer is False
    source = inspect.getsource(driver.AIOKafkaConsumerThread.on_start)
    assert "self._consumer = self._create_consumer(" in source


def test_the_listener_sets_the_generation_before_it_tells_us() -> None:
    # Partitions are held before the consumer can ask for their committed offsets: nothing is
    # awaited between the assignment and our hook.
    source = inspect.getsource(driver.ConsumerRebalanceListener.on_partitions_assigned)
    assert source.count("await") == 1
    assert source.index("app.consumer_generation_id = generation") < source.index("await")


def test_requests_of_a_transaction_go_through_the_send_that_we_watch() -> None:
    source = inspect.getsource(sender_module.BaseHandler.do)
    assert "await self._sender.client.send(node_id, req, group=self.group)" in source


async def test_a_consumer_joins_with_the_id_and_sends_its_heartbeats_where_we_write_it_in() -> None:
    consumer = AIOKafkaConsumer(group_id="group")
    join_as(consumer, "one", lambda: None)
    assert "group_instance_id=self._group_instance_id" in inspect.getsource(AIOKafkaConsumer.start)
    assert "self._client.send(" in inspect.getsource(GroupCoordinator._send_req)  # noqa: SLF001 (a hook)
    await consumer.stop()


def test_a_heartbeat_says_who_sends_it() -> None:
    heartbeat = _StaticHeartbeat(HeartbeatRequest("group", 3, "member"), "one")
    assert heartbeat.prepare({12: (0, 4)}).to_object() == {
        "group": "group",
        "generation_id": 3,
        "member_id": "member",
        "group_instance_id": "one",
    }


async def test_a_producer_has_the_parts_that_a_session_touches() -> None:
    producer = AIOKafkaProducer(transactional_id="x")
    try:
        assert producer.client is producer._sender.client  # noqa: SLF001 (a hook)
        assert producer._sender.sender_task is None  # noqa: SLF001 (a hook)
        assert isinstance(producer._txn_manager, TransactionManager)  # noqa: SLF001 (a hook)
        assert isinstance(producer._message_accumulator, MessageAccumulator)  # noqa: SLF001 (a hook)
    finally:
        await producer.stop()


def test_a_consumer_returns_records_and_position_without_a_pause_in_between() -> None:
    # Batches carry the position before and after: `getmany` must return as soon as it has taken
    # the records, and `position` must not wait when there is one.
    taking = inspect.getsource(Fetcher.fetched_records)
    assert "if drained or not timeout:\n                return drained" in taking
    asking = inspect.getsource(AIOKafkaConsumer.position)
    assert asking.index("if not tp_state.has_valid_position") < asking.index("await")
