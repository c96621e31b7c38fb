"""The analytics agent: verdicts, decisions and dead letters in, the security feed out.

Owns the numbering of the feed. Pure as the lane demands (`agents.lane.port.BatchHandler`): the same
records and rows give the same bytes. Must never lose a record: what cannot be read becomes a dead
letter, and that has its event in the feed, too.

It keeps one row a partition: how many events it has written. That number travels in
`metadata.sequence` and is committed with the events, so a reader sees by itself what is missing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from agents.dead_letters import letter_of
from agents.lane.port import BatchResult, InputRecord, OutgoingRecord, Partition, Rows
from events.errors import MalformedInput
from schemas import topics
from schemas.ocsf.event import OcsfEvent
from schemas.ocsf.masking import Mask
from schemas.ocsf.records import events_of_dead_letter, events_of_output, feed_record

SEQUENCE_KEY: Final = b"\x00sequence"
"""Of the row that holds the number of the last event; its value is decimal digits."""

Mapping: TypeAlias = Callable[[str, InputRecord, Mask], Sequence[OcsfEvent]]
"""What the feed says of a record of a topic."""


def of_output(topic: str, record: InputRecord, mask: Mask) -> Sequence[OcsfEvent]:
    """Of a verdict or a decision.

    Raises:
        MalformedInput: it is neither, or of a version that is not known here.
    """
    return events_of_output(topic, record.value, record.headers, mask)


def of_dead_letter(topic: str, record: InputRecord, mask: Mask) -> Sequence[OcsfEvent]:
    """Of a dead letter."""
    return events_of_dead_letter(topic, record.key, record.headers, record.timestamp, mask)


class AnalyticsAgent:
    """Turns the records of one topic into the security feed.

    Attributes:
        row_format: the newest row format read and written.
        rows_are_unkeyed: its one row is about the partition; see `agents.lane.port`.
        dead_letters: how many records could not be read, by code.
    """

    row_format = 1
    rows_are_unkeyed: Final = True

    def __init__(self, mapping: Mapping, mask: Mask) -> None:
        """Map records in this way.

        Args:
            mapping: what the feed says of a record.
            mask: hides whose the ids are.
        """
        self._mapping: Final = mapping
        self._mask: Final = mask
        self.dead_letters: Final[Counter[str]] = Counter()

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        """Map records, in order."""
        sequence = int(rows.get(SEQUENCE_KEY) or b"0")
        feed: list[OutgoingRecord] = []
        letters: list[OutgoingRecord] = []
        for record in records:
            try:
                events = self._mapping(partition.topic, record, self._mask)
            except MalformedInput as error:
                letters.append(self._letter(partition, record, error.code, str(error)))
                continue
            for event in events:
                sequence += 1
                feed.append(feed_record(event, sequence))
        outgoing = {topics.SECURITY_EVENTS: feed, topics.DEAD_LETTERS: letters}
        return BatchResult(
            outgoing={topic: sent for topic, sent in outgoing.items() if sent},
            rows={SEQUENCE_KEY: b"%d" % sequence} if feed else {},
        )

    def dead_letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> BatchResult:
        """Turn one record into its dead letter, unread: an operator chose to skip it."""
        letter = self._letter(partition, record, code, message)
        return BatchResult(outgoing={topics.DEAD_LETTERS: [letter]}, rows={})

    def _letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> OutgoingRecord:
        self.dead_letters[code] += 1
        return letter_of(partition, record, code, message)
