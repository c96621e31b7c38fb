"""What a baseline is told and what it says: how many records it has had, and when."""

import sys
import time

import msgspec


class BaselineOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to read.

    Attributes:
        bootstrap_servers: where.
        topic: the input topic.
        partitions: how many it has.
        records: how many records it holds.
        application: a name that nobody else uses.
    """

    bootstrap_servers: str
    topic: str
    partitions: int
    records: int
    application: str


class Reading(msgspec.Struct, frozen=True):
    """How far a baseline has come.

    Attributes:
        at_s: when (`time.monotonic`).
        records: how many records it has had.
        cpu_s: seconds of processor time that it has taken.
    """

    at_s: float
    records: int
    cpu_s: float


def say_reading(records: int) -> None:
    """Write a reading for whoever started this program."""
    reading = Reading(time.monotonic(), records, time.process_time())
    # Not through `sys.stdout`: Faust replaces it.
    if sys.__stdout__ is not None:
        sys.__stdout__.write(msgspec.json.encode(reading).decode() + "\n")
        sys.__stdout__.flush()
