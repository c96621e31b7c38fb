"""Where an acknowledged event lies."""

from typing import NamedTuple


class Acknowledged(NamedTuple):
    """An event that every replica in sync holds. Its verdict will have id `<this place>/0`.

    Attributes:
        event_id: the event's id.
        topic: the topic of input events.
        partition: the device's partition.
        offset: the event's place in it.
    """

    event_id: str
    topic: str
    partition: int
    offset: int

    @property
    def verdict_id(self) -> str:
        """The `ce_id` of the verdict on this event, on topic `biolatch.verdicts`."""
        return f"{self.topic}/{self.partition}/{self.offset}/0"
