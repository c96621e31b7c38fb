"""The transactions of a broker in memory: who may write under a transactional id, and how it ends.

Owns the fence. As on Kafka, a request carries its producer's epoch and the id's last epoch wins;
that which ends a transaction names no transaction, so it ends the one that is open when it arrives.
A write belongs to its transaction, for sequence numbers tell it from a later one's.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agents.lane.log import LogFailure
from agents.lane.memory_records import TransactionState
from agents.lane.port import OutgoingRecord, Partition


class _Log(Protocol):
    """What of a `MemoryLog` is used here."""

    def append(
        self,
        partition: Partition,
        record: OutgoingRecord,
        *,
        transaction: TransactionState | None = None,
    ) -> int: ...

    def end(self, transaction: TransactionState, *, commit: bool) -> None: ...


class MemoryTransactions:
    """The transaction coordinator of one `MemoryLog`. Every method is one request's effect."""

    def __init__(self, log: _Log) -> None:
        """Coordinate what is written to `log`."""
        self._log = log
        self._epochs: dict[str, int] = {}
        self._open: dict[str, TransactionState] = {}

    def fence(self, transactional_id: str) -> int:
        """End what earlier producers of this id have open; return a new epoch."""
        self._end(transactional_id, commit=False)
        self._epochs[transactional_id] = self.epoch(transactional_id) + 1
        return self._epochs[transactional_id]

    def epoch(self, transactional_id: str) -> int:
        """Return the id's last epoch; 0 before the first."""
        return self._epochs.get(transactional_id, 0)

    def open(self) -> Mapping[str, TransactionState]:
        """Return the transactions that have not ended, by transactional id."""
        return dict(self._open)

    def begin(self, transactional_id: str, epoch: int) -> TransactionState:
        """Begin the one transaction that an id may have open; LogFailure when fenced."""
        self._require(transactional_id, epoch)
        if transactional_id in self._open:
            raise LogFailure("the transaction before has not ended")
        self._open[transactional_id] = TransactionState()
        return self._open[transactional_id]

    def write(
        self,
        transactional_id: str,
        transaction: TransactionState,
        partition: Partition,
        records: Sequence[OutgoingRecord],
    ) -> None:
        """Append records in a transaction; LogFailure when it has ended."""
        self._require_open(transactional_id, transaction)
        for record in records:
            self._log.append(partition, record, transaction=transaction)

    def add_offset(
        self,
        transactional_id: str,
        transaction: TransactionState,
        partition: Partition,
        next_offset: int,
    ) -> None:
        """Let the group's offset follow the transaction; LogFailure when it has ended."""
        self._require_open(transactional_id, transaction)
        transaction.group_offsets[partition] = next_offset

    def commit(self, transactional_id: str, epoch: int) -> None:
        """Commit the transaction that is open; LogFailure when fenced, or when none is."""
        self._require(transactional_id, epoch)
        if transactional_id not in self._open:
            raise LogFailure("no transaction is open")
        self._end(transactional_id, commit=True)

    def abort(self, transactional_id: str, epoch: int) -> None:
        """End the transaction that is open, if any, without effect; LogFailure when fenced."""
        self._require(transactional_id, epoch)
        self._end(transactional_id, commit=False)

    def _require(self, transactional_id: str, epoch: int) -> None:
        if self._epochs.get(transactional_id) != epoch:
            raise LogFailure("fenced")

    def _require_open(self, transactional_id: str, transaction: TransactionState) -> None:
        if self._open.get(transactional_id) is not transaction:
            raise LogFailure("fenced, or the transaction has ended")

    def _end(self, transactional_id: str, *, commit: bool) -> None:
        transaction = self._open.pop(transactional_id, None)
        if transaction is not None:
            self._log.end(transaction, commit=commit)
