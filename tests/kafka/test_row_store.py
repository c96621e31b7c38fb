"""A worker that keeps its rows on disk reads what is new, and never believes what is old."""

import shutil
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from agents.lane.port import Partition
from agents.setting_groups import StoreSettings
from deploy.kafka.local import LocalKafka
from tests.kafka.lane_world import World, until


class StoredWorld(World):
    """A world whose workers keep their rows in a folder."""

    def __init__(self, servers: str, folder: Path) -> None:
        super().__init__(servers)
        self.settings = self.settings.model_copy(
            update={"store": StoreSettings(folder=folder, cached_rows_max=1)}
        )

    async def records_read_by_a_start(self, *keys: bytes) -> int:
        """Start a worker, let it decide these, and return how much of the changelog it has read."""
        await self.publish(*keys)
        self.published += len(keys)
        async with self.worker() as worker:
            await self.verdicts(self.published)
            await until(lambda: worker.status.ready)
            return worker.status.lane(Partition(self.input, 0)).restored_records

    published = 0


@pytest.fixture
async def world(kafka: LocalKafka, tmp_path: Path) -> StoredWorld:
    world = StoredWorld(kafka.bootstrap_servers, tmp_path / "stores")
    await world.create()
    return world


async def test_a_start_reads_what_its_store_does_not_have(
    world: StoredWorld, tmp_path: Path
) -> None:
    assert await world.records_read_by_a_start(b"a", b"b", b"a") == 0
    assert await world.records_read_by_a_start(b"b") == 0
    shutil.copytree(tmp_path / "stores", tmp_path / "older")
    without_a_store = await world.records_read_by_a_start(b"a", b"c")
    assert without_a_store == 0
    shutil.rmtree(tmp_path / "stores")
    shutil.copytree(tmp_path / "older", tmp_path / "stores")
    # The rows a and c and the position, which the older store does not have.
    assert await world.records_read_by_a_start(b"c") == 3
    shutil.rmtree(tmp_path / "stores")
    assert await world.records_read_by_a_start(b"a") > 3
    assert await world.verdicts(8) == [
        b"0:1", b"1:1", b"2:2", b"3:2", b"4:3", b"5:1", b"6:2", b"7:4",
    ]  # fmt: skip


async def test_a_store_of_a_changelog_that_was_made_anew_is_not_believed(
    world: StoredWorld,
) -> None:
    await world.records_read_by_a_start(b"a", b"a")
    admin = AIOKafkaAdminClient(bootstrap_servers=world.servers)
    await admin.start()
    try:
        await admin.delete_topics([world.changelog])
        await admin.create_topics([NewTopic(world.changelog, 2, 1)])
    finally:
        await admin.close()
    # As much as was there before, so that offsets tell nothing.
    async with AIOKafkaProducer(bootstrap_servers=world.servers) as producer:
        for _ in range(20):
            await producer.send_and_wait(world.changelog, b"7", key=b"z", partition=0)
            await producer.send_and_wait(world.changelog, None, key=b"z", partition=0)
    assert await world.records_read_by_a_start(b"a") == 40
    # The whole input again, from nothing: "a" is counted from one.
    assert (await world.verdicts(5))[2:] == [b"0:1", b"1:2", b"2:3"]
