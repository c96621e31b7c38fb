"""Everything that a run has found out."""

from dataclasses import asdict, dataclass

from deploy.bench.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverOptions:
    """What to measure.

    Attributes:
        recovery_rows: rows that one worker reads when it starts.
        rows: rows behind each of the pauses.
        partitions: of every topic.
        seed: of rows and events.
    """

    recovery_rows: int
    rows: int
    partitions: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A worker that starts with rows to read.

    Attributes:
        rows: how many there are.
        changelog_records: how many records it has read for them.
        row_bytes: mean of key and value.
        opened_s: from the fence to the first fetch, of the lane that took longest.
        serving_s: from the start of the process until every partition is served.
        memory_bytes_per_row: resident memory more than of a worker without rows, for each row.
    """

    rows: int
    changelog_records: int
    row_bytes: float
    opened_s: float
    serving_s: float
    memory_bytes_per_row: float

    @property
    def rows_per_s(self) -> float:
        """Rows read in a second, all partitions at once."""
        return self.rows / self.opened_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """What one mishap has cost, in seconds.

    Attributes:
        what: the mishap.
        moved_s: longest wait of an event of a partition that changed hands.
        others_s: the same of the partitions that stayed with their worker.
        reopened: how many of those were read again all the same.
    """

    what: str
    moved_s: float
    others_s: float
    reopened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverReport:
    """The outcome of a run.

    Attributes:
        recovery: a worker that reads all rows from the changelog.
        from_store: one with a local store that has them already.
        pauses: what each mishap has cost.
    """

    options: FailoverOptions
    machine: Machine
    recovery: Recovery
    from_store: Recovery
    pauses: tuple[Pause, ...]
    took_s: float

    def for_machines(self) -> dict[str, object]:
        """All of it as plain data."""
        recovery = {**asdict(self.recovery), "rows_per_s": self.recovery.rows_per_s}
        return {**asdict(self), "recovery": recovery}
