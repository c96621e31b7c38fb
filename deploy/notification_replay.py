"""Sending again what an endpoint did not take: the notifier's dead letters, in their order.

Owns where a replay begins and stops. Each notification has the id that it had, so a receiver knows
what it has had already; what is committed is how far this endpoint's letters have been gone
through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agents.lane.port import Partition
from agents.notifier.catalogues import Catalogues
from agents.notifier.notifications import sendable
from agents.notifier.webhook import Answer, Outcome, WebhookClient
from deploy.records.connection import Connection
from deploy.records.group_offsets import commit_offsets
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged
from deploy.records.topic_record import Span, TopicRecord
from events.errors import MalformedInput
from schemas.notification_dead_letters import ENDPOINT_HEADER
from schemas.topics import NOTIFICATION_DEAD_LETTERS

_COMMIT_EVERY: Final = 100
"""How many letters are sent between commits: so many are repeated after a kill."""


def replay_group(application: str, endpoint: str) -> str:
    """The consumer group under which it is kept how far an endpoint's letters were replayed."""
    return f"{application}-notifier-replay-{endpoint}"


@dataclass(slots=True)
class Replayed:
    """What a replay has done.

    Attributes:
        delivered: letters that the endpoint took.
        refused: letters that it understands as little as before, or that cannot be read.
        failure: what the endpoint did instead of answering well; None if all were gone through.
        stopped_at: the letter at which that was; a replay goes on there.
    """

    delivered: int = 0
    refused: int = 0
    failure: Answer | None = None
    stopped_at: TopicRecord | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the endpoint has taken every letter that was meant for it."""
        return self.failure is None and not self.refused


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of one endpoint's letters.

    Attributes:
        connection: to Kafka.
        group: see `replay_group`.
        client: to the endpoint.
        catalogues: the words; those of now.
    """

    connection: Connection
    group: str
    client: WebhookClient
    catalogues: Catalogues

    async def run(
        self, reader: TopicReader, *, since_ms: int | None, on_progress: ScanProgress
    ) -> Replayed:
        """Send every letter that this endpoint has not had replayed; stop where it fails.

        Args:
            reader: reads the letters.
            since_ms: begin at the letters of this instant, whatever was replayed before.
            on_progress: told how far it has come.

        Raises:
            TransientFailure: Kafka cannot be reached.
            Misconfigured: the topic is missing, or Kafka refuses.
        """
        spans = await self._spans(reader, since_ms)
        done = Replayed()
        positions = {partition: span.start for partition, span in spans.items()}
        sent = 0
        async for letter in merged(reader, spans, on_progress=on_progress):
            if letter.header(ENDPOINT_HEADER) == self.client.endpoint.name:
                if not await self._send(letter, done):
                    break
                sent += 1
            positions[letter.partition] = letter.offset + 1
            if sent >= _COMMIT_EVERY:
                sent = 0
                await self._commit(positions)
        else:
            positions = {partition: span.end for partition, span in spans.items()}
        await self._commit(positions)
        return done

    async def _spans(self, reader: TopicReader, since_ms: int | None) -> Mapping[Partition, Span]:
        spans = await reader.spans(await reader.partitions(NOTIFICATION_DEAD_LETTERS))
        if since_ms is not None:
            return await reader.since(spans, since_ms)
        committed = await reader.committed(self.group, spans)
        return {
            partition: Span(min(max(committed[partition] or 0, span.start), span.end), span.end)
            for partition, span in spans.items()
        }

    async def _commit(self, positions: Mapping[Partition, int]) -> None:
        if positions:
            await commit_offsets(self.connection, self.group, positions)

    async def _send(self, letter: TopicRecord, done: Replayed) -> bool:
        """Send one letter; whether to go on behind it."""
        try:
            message = sendable(letter.value, letter.headers, self.catalogues)
        except MalformedInput:  # it was cut, or is none of ours
            done.refused += 1
            return True
        if message is None:
            return True
        answer = await self.client.send(message.id, message.body)
        match answer.outcome:
            case Outcome.DELIVERED:
                done.delivered += 1
                return True
            case Outcome.REFUSED:
                done.refused += 1
                return True
            case Outcome.GONE | Outcome.FAILED:
                done.failure = answer
                done.stopped_at = letter
                return False
