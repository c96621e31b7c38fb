"""Encoding what a transaction writes to one topic, as record batches of a bounded size.

aiokafka's own way into a batch costs as much again as the encoding; this one asks its compiled
encoder directly, and tells aiokafka's batch afterwards how many records are in it.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001 - there is no public way

from collections.abc import Callable, Iterable
from typing import Any

from agents.lane.port import OutgoingRecord


class BatchWriter:
    """Fills the record batches of one topic."""

    def __init__(self, new_batch: Callable[[], Any], now_ms: int) -> None:
        """Begin with an empty batch.

        Args:
            new_batch: makes an empty batch of aiokafka.
            now_ms: the records' timestamp, where the topic does not stamp them itself.
        """
        self._new_batch = new_batch
        self._now_ms = now_ms
        self._batch: Any = new_batch()
        self._full: list[Any] = []

    def write(self, records: Iterable[OutgoingRecord]) -> None:
        """Append records; a record larger than a batch has one for itself."""
        now_ms = self._now_ms
        batch = self._batch
        append, count = batch._builder.append, batch._relative_offset
        for key, value, headers in records:
            fields = headers if type(headers) is list else list(headers)
            if append(count, now_ms, key, value, fields) is None:
                batch._relative_offset = count
                self._full.append(batch)
                batch = self._batch = self._new_batch()
                append, count = batch._builder.append, 0
                append(count, now_ms, key, value, fields)
            count += 1
        batch._relative_offset = count

    def finish(self) -> list[Any]:
        """Return aiokafka's batches in order, closed; without records, none."""
        batches = [batch for batch in (*self._full, self._batch) if batch._relative_offset]
        for batch in batches:
            batch.close()
        return batches
