"""Serving: one session of a lane, from its first fetch until it is finished or fails.

Owns the loop decide, encode, commit, with one transaction in flight and the next batch decided
meanwhile. Must never repair anything: whatever goes wrong ends the session, and the lane starts
over. Invariant: batches are decided in the order of the log, without a gap and without a repeat.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import chain, islice

from agents.lane.ahead import Ahead
from agents.lane.decision import Offender, decide
from agents.lane.endings import Interrupted, Parked
from agents.lane.limits import LaneLimits
from agents.lane.log import Feed, FetchedBatch, LogFailure, LogRefusal
from agents.lane.opening import Opened
from agents.lane.port import BatchHandler, InputRecord, Partition
from agents.lane.position import POSITION_KEY, Position
from agents.lane.status import LaneStatus, Step
from agents.lane.wording import OperatorCommands, told
from agents.lane.work import Done, Work

_RECORDS_AT_ONCE = 64
"""How many records are parsed, decided and encoded together: what a processor's cache holds.

One by one, the handler would see no two events of a device together; two thousand at once, every
step finds its data in main memory, and a record takes half as long again. Besides, nothing else
runs meanwhile: 1 ms.
"""

_TURNS_OF_OTHERS = 4
"""How often everybody else may go on before the next records: a request takes several steps."""


class Serving:
    """One session's work. `take` may be called at any time, from the same event loop.

    Attributes:
        at_rest: set while `run` does not run: then no transaction is in flight.
    """

    def __init__(
        self,
        partition: Partition,
        opened: Opened,
        *,
        feed: Feed,
        handler: BatchHandler,
        limits: LaneLimits,
        status: LaneStatus,
        turn: asyncio.Lock,
        commands: OperatorCommands,
    ) -> None:
        """Prepare to serve from `opened.position` on; whoever decides has the `turn`.

        Where it parks, it tells an operator one of these `commands`.
        """
        self._partition = partition
        self._opened = opened
        self._feed = feed
        self._handler = handler
        self._limits = limits
        self._status = status
        self._turn = turn
        self._commands = commands
        self._expected = opened.position
        self._reserved_rows = 0 if opened.rows.get(POSITION_KEY) is None else 1
        self._waiting: list[FetchedBatch] = []
        self._next_begin_s = 0.0
        self._behind_a_gap = False
        self._failure: LogFailure | Parked | None = None
        self._finishing = False
        self._committed_any = False
        self._wake = asyncio.Event()
        self.at_rest = asyncio.Event()
        self.at_rest.set()

    @property
    def hungry(self) -> bool:
        """Whether another batch should be fetched now."""
        return self._waiting_records < self._limits.waiting_records_max

    @property
    def _waiting_records(self) -> int:
        """How many they may be; a few less where offsets have gaps."""
        return self._waiting[-1].after - self._waiting[0].before if self._waiting else 0

    def take(self, batch: FetchedBatch) -> None:
        """Accept the batch if it starts where the last one ended, else drop it.

        One from further ahead shows that a batch was lost on the way here: fetch again from where
        the lane stands. One from behind was delivered twice, and what follows it will fit.
        """
        if batch.before == self._expected:
            self._waiting.append(batch)
            self._expected = batch.after
        else:
            self._status.batches_dropped += 1
            self._behind_a_gap = batch.before > self._expected
        self._wake.set()

    def fail(self, failure: LogFailure | Parked) -> None:
        """End the session: the feed cannot go on from where it stands."""
        self._failure = failure
        self._wake.set()

    def finish(self) -> None:
        """Let `run` return after the transaction in flight; the batches that wait stay."""
        self._finishing = True
        self._wake.set()

    async def run(self) -> None:
        """Serve until `finish`; called again, go on behind the last batch that was taken.

        Raises:
            LogFailure: the log failed; what was in flight may or may not be committed.
            Interrupted: everything before a record that cannot be decided is committed.
            Parked: the first record of the session cannot be decided, or the log refuses.
        """
        self._finishing = False
        self.at_rest.clear()
        try:
            await self._fetch_from_here()
            await self._serve()
        finally:
            self.at_rest.set()

    async def _serve(self) -> None:
        committing: asyncio.Task[None] | None = None
        try:
            while True:
                batch = await self._next_batch(committing)
                if batch is None:
                    break
                work = await self._decide(batch)
                if committing is not None:
                    await committing
                    committing = None
                if work.done.events or work.offender is None:
                    self._next_begin_s = self._now_s() + self._limits.transaction_interval_s_min
                    committing = asyncio.create_task(self._commit(work))
                    committing.add_done_callback(lambda _: self._wake.set())
                if work.offender is not None:
                    if committing is not None:
                        await committing
                    self._stop_at(work.offender)
            if committing is not None:
                await committing
        finally:
            if committing is not None and not committing.done():
                committing.cancel()
                with suppress(asyncio.CancelledError, LogFailure, Parked):
                    await committing

    async def _next_batch(self, committing: asyncio.Task[None] | None) -> FetchedBatch | None:
        """Return the next batch, or None when finishing; raise what `committing` raises at once."""
        while True:
            self._wake.clear()
            if committing is not None and committing.done():
                committing.result()
            if self._failure is not None:
                raise self._failure
            if self._finishing:
                return None
            early_s = self._next_begin_s - self._now_s()
            if self._waiting and (early_s <= 0 or not self.hungry):
                return self._take_all()
            if self._behind_a_gap:
                self._behind_a_gap = False
                await self._fetch_from_here()
            elif self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(early_s):
                        await self._wake.wait()
            else:
                await self._wake.wait()

    def _take_all(self) -> FetchedBatch:
        """Everything that waits, as one batch: fetches adjoin each other."""
        waiting, self._waiting = self._waiting, []
        if len(waiting) == 1:
            return waiting[0]
        records = chain.from_iterable(batch.records for batch in waiting)
        return FetchedBatch(self._partition, waiting[0].before, waiting[-1].after, records)

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    async def _fetch_from_here(self) -> None:
        try:
            async with asyncio.timeout(self._limits.open_s_max):
                await self._feed.start(self._partition, self._expected)
        except TimeoutError as error:
            raise LogFailure("the feed did not start") from error

    async def _decide(self, batch: FetchedBatch) -> Work:
        """Decide and encode; a transaction may be in flight meanwhile.

        One lane at a time, and some records at a time: in between, everybody's requests go on.
        Otherwise each of a transaction's requests would wait for the batches of all other lanes.
        """
        composition = self._opened.session.compose()
        next_offset, done, offender = batch.after, Done(self._status.clocks.wall_ms()), None
        parse = partial(self._parse_some, iter(batch.records))
        spent = self._status.spent
        async with self._turn:
            with closing(Ahead(self._handler, self._opened.rows, parse)) as ahead:
                while offender is None and (some := await self._next_of(ahead)):
                    began_s = self._status.clocks.steady_s()
                    decision = decide(self._handler, self._partition, self._opened.rows, some)
                    decided_s = spent(Step.DECIDE, began_s)
                    composition.add(decision.result)
                    spent(Step.ENCODE, decided_s)
                    done.add(some, decision)
                    offender = decision.offender
                    if offender is not None:
                        next_offset = offender.offset
                    for _ in range(_TURNS_OF_OTHERS):
                        await asyncio.sleep(0)
        position = Position(
            self._partition.topic,
            next_offset,
            self._opened.partition_count,
            self._handler.row_format,
        )
        began_s = self._status.clocks.steady_s()
        transaction = composition.complete({POSITION_KEY: position.encode()}, next_offset)
        spent(Step.ENCODE, began_s)
        return Work(transaction, next_offset, done, offender)

    async def _next_of(self, ahead: Ahead) -> Sequence[InputRecord]:
        """The next records; what parses them while one waits is not waiting."""
        began_s, parsed_s = self._status.clocks.steady_s(), self._status.step_s[Step.PARSE]
        some = await ahead.next()
        parsing_s = self._status.step_s[Step.PARSE] - parsed_s
        self._status.spent(Step.PREPARE, began_s + parsing_s)
        return some

    def _parse_some(self, records: Iterator[InputRecord]) -> list[InputRecord]:
        began_s = self._status.clocks.steady_s()
        try:
            some = list(islice(records, _RECORDS_AT_ONCE))
        except Exception as error:
            raise Parked(
                f"what lies at or behind offset {self._status.position} cannot be read: "
                f"{told(error)}"
            ) from error
        self._status.spent(Step.PARSE, began_s)
        return some

    async def _commit(self, work: Work) -> None:
        self._committed_any = True
        status = self._status
        began_s = status.clocks.steady_s()
        try:
            async with asyncio.timeout(self._limits.batch_s_max):
                await work.transaction.commit()
        except TimeoutError as error:
            raise LogFailure(
                f"a transaction was not committed within {self._limits.batch_s_max:g} s"
            ) from error
        except LogRefusal as refusal:
            raise Parked(
                f"the log refuses what follows from the records between offsets "
                f"{status.position} and {work.next_offset - 1}: {refusal}"
            ) from refusal
        status.commit(work.next_offset, work.done, status.clocks.steady_s() - began_s)
        status.rows = len(self._opened.rows) - self._reserved_rows

    def _stop_at(self, offender: Offender) -> None:
        """End the session at a record that cannot be decided.

        The lane parks straight after an opening only: then nobody has written since the
        changelog's end was read, and any write seen later is an operator's.
        """
        if self._committed_any:
            raise Interrupted from offender.error
        raise Parked(
            f"offset {offender.offset} cannot be decided: "
            f"{told(offender.error)}; "
            f"mend the cause and restart, or run `{self._commands.skip} {self._partition.number} "
            f"{offender.offset}` to send the record to the dead letters",
            self._opened.changelog_end,
        ) from offender.error
