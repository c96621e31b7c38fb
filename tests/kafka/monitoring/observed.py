"""An Apache Kafka with a worker and a monitor of its own, as Prometheus sees them."""

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from schemas.topics import DEVICE_EVENTS
from tests.journeys.commands import BIOLATCH, biolatch, environment

WAIT_S = 60.0
Labels = tuple[tuple[str, str], ...]


def until(condition: Callable[[], bool], what: str, within_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Answer(NamedTuple):
    status: int
    body: str

    @property
    def reasons(self) -> list[str]:
        reasons: list[str] = json.loads(self.body)["reasons"]
        return reasons


class Samples:
    """What one scrape has brought: values by the name of their series, and then by labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._values: dict[str, dict[Labels, float]] = defaultdict(dict)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._values[sample.name][tuple(sorted(sample.labels.items()))] = sample.value

    def __contains__(self, name: str) -> bool:
        return bool(self._values.get(name))

    def labels(self, name: str) -> set[str]:
        return {label for labels in self._values[name] for label, _ in labels}

    def total(self, name: str, **labels: str) -> float | None:
        """The sum of all series of that name with these labels; None where there is none."""
        found = [
            value for at, value in self._values[name].items() if labels.items() <= dict(at).items()
        ]
        return sum(found) if found else None


class Watched(NamedTuple):
    """A process with an endpoint."""

    port: int

    def get(self, path: str) -> Answer:
        request = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.read().decode())

    def scrape(self) -> Samples:
        return Samples(self.get("/metrics").body)

    def reaches(self, name: str, value: float, **labels: str) -> None:
        until(
            lambda: self.scrape().total(name, **labels) == value,
            f"{name} {labels} is not {value} but {self.scrape().total(name, **labels)}",
        )


@contextmanager
def running_monitor(
    servers: str, folder: Path, port: int, settings: Mapping[str, str]
) -> Generator[Watched]:
    """`biolatch monitor`, until the block ends; it has to end in good order then."""
    with (folder / "monitor.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [BIOLATCH, "monitor"],
            env=environment(servers)
            | {"BIOLATCH_MONITOR__PORT": str(port), "BIOLATCH_MONITOR__INTERVAL_S": "0.3"}
            | dict(settings),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    watched = Watched(port)
    try:
        until(lambda: _is_ready(watched, process), "the monitor is not ready")
        yield watched
    finally:
        process.terminate()
        code = process.wait(timeout=WAIT_S)
    assert code == 0, (folder / "monitor.log").read_text()


def _is_ready(watched: Watched, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "it has ended"
    try:
        return watched.get("/readyz").status == 200
    except urllib.error.URLError:
        return False


def publish(servers: str, *events: dict[str, Any]) -> None:
    biolatch(servers, "publish", "-", stdin="".join(f"{json.dumps(each)}\n" for each in events))


def event(event_type: str, device: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "/tests",
        "type": f"biolatch.{event_type}.v1",
        "subject": device,
        "time": "2026-01-31T08:00:00Z",
        "data": data,
    }


def declined(device: str) -> dict[str, Any]:
    return event("enrollment.declined", device, user_id="ana", channel="settings")


def publish_rubbish(servers: str, count: int = 1) -> None:
    """Records that nobody can read."""
    producer = Producer({"bootstrap.servers": servers, "partitioner": "murmur2_random"})
    for _ in range(count):
        producer.produce(DEVICE_EVENTS, key=b"phone-1", value=b"rubbish")
    assert producer.flush(30) == 0


class Waiting(NamedTuple):
    """What an independent reader (librdkafka) finds of one partition."""

    records: int
    oldest_ms: int | None


def independently(servers: str, group: str, partitions: int) -> dict[int, Waiting]:
    """Reads every record that a group has not committed, one by one."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    found: dict[int, Waiting] = {}
    try:
        wanted = [TopicPartition(DEVICE_EVENTS, number) for number in range(partitions)]
        for each in consumer.committed(wanted, timeout=30):
            start, end = consumer.get_watermark_offsets(each, timeout=30)
            at = max(start, each.offset)
            consumer.assign([TopicPartition(DEVICE_EVENTS, each.partition, at)])
            records, oldest_ms = 0, None
            while at < end:
                (record,) = consumer.consume(1, timeout=30)
                assert record.error() is None
                records += 1
                oldest_ms = record.timestamp()[1] if oldest_ms is None else oldest_ms
                at = (record.offset() or 0) + 1
            found[each.partition] = Waiting(records, oldest_ms)
    finally:
        consumer.close()
    return found
