"""A worker with a handler that anyone can check by hand: run me as a script, with settings.

One verdict for each record (its id names the record), and a counter row for each key. The record
`raise` cannot be decided; `crash-once:PATH` ends the handler with an error the first time.
Arguments: INPUT CHANGELOG OUTPUT.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from agents.app import WorkerTopics, run_worker
from agents.lane.port import BatchResult, InputRecord, OutgoingRecord, Partition, Rows
from agents.settings import load_settings


class CountingHandler:
    row_format = 1

    def __init__(self, output: str) -> None:
        self._output = output

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        verdicts: list[OutgoingRecord] = []
        counts: dict[bytes, int] = {}
        for record in records:
            self._raise_if_asked(record.value or b"")
            key = record.key or b""
            count = counts.get(key) or int(rows.get(key) or b"0")
            counts[key] = count + 1
            verdicts.append(self._verdict(partition, record, b"%d" % counts[key]))
        return BatchResult(
            {self._output: verdicts}, {key: b"%d" % count for key, count in counts.items()}
        )

    def dead_letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> BatchResult:
        return BatchResult(
            {self._output: [self._verdict(partition, record, f"{code}: {message}".encode())]}, {}
        )

    @staticmethod
    def _verdict(partition: Partition, record: InputRecord, value: bytes) -> OutgoingRecord:
        name = f"{partition.topic}/{partition.number}/{record.offset}/0"
        return record.key, value, [("ce_id", name.encode())]

    @staticmethod
    def _raise_if_asked(value: bytes) -> None:
        if value == b"raise":
            raise ValueError("asked to raise")
        if value.startswith(b"crash-once:"):
            mark = Path(value.removeprefix(b"crash-once:").decode())
            if not mark.exists():
                mark.touch()
                raise RuntimeError("asked to raise once")


if __name__ == "__main__":
    input_topic, changelog, output = sys.argv[1:]
    sys.exit(
        run_worker(
            load_settings(),
            CountingHandler(output),
            WorkerTopics(input=input_topic, changelog=changelog, outputs=(output,)),
        )
    )
