"""What is put aside outside of lanes is stored as it is, whatever it is."""

import uuid

from agents.lane.kafka.appender import RecordAppender
from agents.lane.kafka.client import KafkaOptions
from agents.lane.port import OutgoingRecord, Partition
from deploy.kafka.local import LocalKafka
from schemas.topics import DEAD_LETTER_VALUE_BYTES_MAX
from tests.journeys.topic_dump import dump
from tests.kafka.lane_logs import create_topics

HEADERS: list[tuple[str, bytes | None]] = [("biolatch-error-code", b"x"), ("empty", None)]
RECORDS: list[OutgoingRecord] = [
    (None, None, HEADERS),  # of a batch that could not be unpacked
    (b"phone", None, []),
    (None, b"value", HEADERS),
    (b"k" * 64_000, b"v" * DEAD_LETTER_VALUE_BYTES_MAX, HEADERS * 1_000),
]


async def test_every_kind_of_record_is_appended_to_its_partition(kafka: LocalKafka) -> None:
    topic = f"aside-{uuid.uuid4().hex[:8]}"
    await create_topics(kafka.bootstrap_servers, topic, f"{topic}-changelog", count=2)
    options = KafkaOptions(
        bootstrap_servers=kafka.bootstrap_servers,
        client_id="aside",
        group_id=topic,
        transactional_prefix=topic,
        changelog_topic=f"{topic}-changelog",
        request_timeout_s=5,
        transaction_timeout_s=30,
        close_s_max=2,
        compression=None,
    )
    async with RecordAppender(options) as appender:
        for record in RECORDS:
            await appender.append(Partition(topic, 1), record)
    stored = await dump(kafka.bootstrap_servers, [topic], partitions=[1])
    assert [(each.key, each.value, [*each.headers]) for each in stored] == [
        (key, value, [*headers]) for key, value, headers in RECORDS
    ]
    assert all(each.timestamp_ms > 0 for each in stored)
