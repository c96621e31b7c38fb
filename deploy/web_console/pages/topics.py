"""Topics against the contract, what they hold, and who serves them."""

from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agents.lane.port import Partition
from deploy.kafka.admin import KafkaAdmin
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.topic_record import Span
from deploy.topic_drift import Drift
from deploy.topic_setup import Outcome, Wishes, apply
from deploy.web_console.live.group_view import GroupView
from deploy.web_console.rendering import Renderer
from schemas.topics import Cleanup, Topic, Topology

_DAY_MS: Final = 24 * 60 * 60 * 1000


class TopicView(NamedTuple):
    """One topic.

    Attributes:
        name, purpose: as the contract has them.
        keeps: what it keeps, in words.
        spans: the offsets of each partition; none where the topic is missing.
        drift: how it differs from the contract.
        is_missing: whether the cluster has no such topic.
    """

    name: str
    purpose: str
    keeps: str
    spans: list[tuple[int, Span]]
    drift: list[Drift]
    is_missing: bool

    @property
    def offsets(self) -> int:
        """How many it holds; markers of transactions, and what compaction removed, count too."""
        return sum(span.end - span.start for _, span in self.spans)


class TopicsPage:
    """Topics and group."""

    def __init__(
        self, renderer: Renderer, connection: Connection, topology: Topology, group: GroupView
    ) -> None:
        """Take what it needs."""
        self._renderer: Final = renderer
        self._connection: Final = connection
        self._topology: Final = topology
        self._group: Final = group

    @property
    def routes(self) -> list[Route]:
        """Where it is."""
        return [Route("/topics", self._topics)]

    async def _topics(self, request: Request) -> Response:
        address = self._connection
        async with KafkaAdmin(address.bootstrap_servers, security=address.security) as admin:
            outcome = await apply(admin, self._topology, Wishes(dry_run=True))
            cluster = await admin.cluster()
        spans = await self._spans(outcome)
        context = {
            "cluster": cluster,
            "sizing": outcome.sizing,
            "is_as_wanted": outcome.is_as_wanted,
            "topics": [_topic_view(topic, outcome, spans) for topic in self._topology.topics],
            "group": self._group,
        }
        return self._renderer.page(request, "topics", context)

    async def _spans(self, outcome: Outcome) -> dict[Partition, Span]:
        async with TopicReader(self._connection) as reader:
            partitions = [
                each for name in outcome.present for each in await reader.partitions(name)
            ]
            return await reader.spans(partitions)


def _topic_view(topic: Topic, outcome: Outcome, spans: dict[Partition, Span]) -> TopicView:
    match topic.cleanup:
        case Cleanup.DELETE:
            keeps = f"{topic.retention_ms // _DAY_MS} days"
        case Cleanup.COMPACT:
            keeps = "the last of each key"
    return TopicView(
        name=topic.name,
        purpose=topic.purpose,
        keeps=keeps,
        spans=[(each.number, span) for each, span in spans.items() if each.topic == topic.name],
        drift=[drift for drift in outcome.drift if drift.topic == topic.name],
        is_missing=topic.name in outcome.missing,
    )
