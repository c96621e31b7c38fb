"""The report on an erasure: everything that was searched, what was found, and what follows.

Owns the verdict. It is `erased` only where nothing at all was found but a mark that tells nobody
whose it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agents.erasure_keys import ErasureKeys
from deploy.erasure.leaving import Terms, terms_of
from deploy.erasure.marks import MarkKind, RowKeys, Standing
from deploy.erasure.needle import Needle
from deploy.erasure.store_traces import StoreTraces, traces_in_stores
from deploy.erasure.topic_traces import Current, Traces, current_records, traces_in
from deploy.inspection.topic_settings import settings_of
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress
from deploy.records.topic_record import TopicRecord
from schemas.topics import Cleanup, Topology


class Verdict(StrEnum):
    """What the report comes to."""

    ERASED = "erased"
    """Nothing is left but the mark."""
    LEAVING = "leaving"
    """The mark stands; what is left goes by itself."""
    MARK_IN_CLEAR = "mark_in_clear"
    """Erased, but the mark itself still names the device or user."""
    NOT_ERASED = "not_erased"
    """It is alive, or something is left that stays."""
    NO_MARK = "no_mark"
    """There is nothing, and no mark that the keys at hand find: old input could bring it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose traces are searched: a device, or one user of it."""

    device_id: str
    user_id: str | None

    def matcher(self) -> "Matcher":
        """What finds its records."""
        return Matcher(self)


class Matcher:
    """Finds a subject's records: those that name the device, or the device and the user."""

    def __init__(self, subject: Subject) -> None:
        self._device = Needle(subject.device_id)
        self._user = None if subject.user_id is None else Needle(subject.user_id)

    @property
    def file_needle(self) -> Needle:
        """What is searched in files, where nothing says which device a user belongs to."""
        return self._user or self._device

    def __call__(self, record: TopicRecord) -> bool:
        """Whether the record holds it, in key, value or headers."""
        return _holds(record, self._device) and (self._user is None or _holds(record, self._user))


def _holds(record: TopicRecord, needle: Needle) -> bool:
    return (
        record.key == needle.key
        or needle.is_in(record.key)
        or needle.is_in(record.value)
        or any(needle.is_in(value) for _, value in record.headers)
        or any(needle.is_in(name.encode()) for name, _ in record.headers)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found.

    Attributes:
        subject: of whom.
        topics: what each topic holds, in the order of the topology.
        store: what the local stores hold; None where none were searched.
        standing: what the rows say.
    """

    subject: Subject
    topics: Sequence[Traces]
    store: StoreTraces | None
    standing: Standing

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        mark = self.standing.mark
        if mark is None:
            return Verdict.NOT_ERASED if self.found else Verdict.NO_MARK
        if self.standing.is_alive:
            return Verdict.NOT_ERASED
        if mark.kind is MarkKind.CLEAR:
            return Verdict.MARK_IN_CLEAR
        if any(traces.stays for traces in self.topics):
            return Verdict.NOT_ERASED
        return Verdict.LEAVING if self.found else Verdict.ERASED

    @property
    def found(self) -> int:
        """Records, and files of stores, that hold it."""
        in_stores = 0 if self.store is None else self.store.found
        return in_stores + sum(traces.found for traces in self.topics)

    @property
    def gone_ms(self) -> int | None:
        """When the last trace is gone at the latest; None where there is none, or one stays."""
        leaving = [traces.gone_ms for traces in self.topics if traces.found]
        if self.store is not None and self.store.found:
            leaving.append(self.store.gone_ms)
        bounds = [each for each in leaving if each is not None]
        return max(bounds) if bounds and len(bounds) == len(leaving) else None


async def report_on(
    connection: Connection,
    topology: Topology,
    subject: Subject,
    *,
    keys: ErasureKeys | None,
    store: Path | None,
    sweep_interval_s: float,
    on_progress: ScanProgress,
) -> Report:
    """Search every topic that may hold an id, and the local stores in a folder.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: a topic is missing, or Kafka refuses.
    """
    matches = subject.matcher()
    rows = RowKeys(subject.device_id, keys)

    def wanted(record: TopicRecord) -> bool:
        return record.key in rows or matches(record)

    settings = await settings_of(connection, topology)
    standing = Standing(None, is_alive=False)
    found: list[Traces] = []
    async with (
        TopicReader(connection) as committed,
        TopicReader(connection, uncommitted=True) as reader,
    ):
        for topic in topology.with_ids:
            terms: Terms = terms_of(settings[topic.name])
            current: Current = {}
            if terms.cleanup is Cleanup.COMPACT:
                current = await current_records(
                    committed,
                    topic,
                    wanted,
                    on_progress=on_progress,
                )
            if topic is topology.devices_changelog:
                of_device = [record for record in current.values() if record.key in rows]
                standing = rows.standing(of_device, subject.user_id)
            found.append(
                await traces_in(reader, topic, terms, matches, current, on_progress=on_progress)
            )
    in_store = (
        None
        if store is None
        else traces_in_stores(store, matches.file_needle, sweep_interval_s=sweep_interval_s)
    )
    return Report(subject=subject, topics=found, store=in_store, standing=standing)
