"""What follows from each kind of error, and from a signal."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from agents import supervise as supervise_module
from agents.supervise import Ending, supervise
from events.errors import InvariantBroken, MalformedInput, Misconfigured, TransientFailure


@pytest.fixture(autouse=True)
def _interpreter() -> Iterator[None]:
    # A worker tunes its process; this one goes on with other tests.
    thresholds, turn_s = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(turn_s)


def _raising(*errors: Exception | None) -> Callable[[asyncio.Event], object]:
    left = list(errors)

    async def main(_stop: asyncio.Event) -> None:
        error = left.pop(0)
        if error is not None:
            raise error

    return main


def test_a_main_that_returns_ends_well() -> None:
    assert supervise(_raising(None)) is Ending.OK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_good_order(number: signal.Signals) -> None:
    stopped = False

    async def main(stop: asyncio.Event) -> None:
        nonlocal stopped
        os.kill(os.getpid(), number)
        await stop.wait()
        stopped = True

    assert supervise(main) is Ending.OK
    assert stopped


def test_an_environment_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise_module, "_PAUSE_S_MIN", 0.001)
    away = TransientFailure("kafka.unreachable", "away")

    assert supervise(_raising(away, away, away, None)) is Ending.OK


def test_a_signal_ends_the_waiting_for_an_environment() -> None:
    async def main(_stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        raise TransientFailure("kafka.unreachable", "away")

    assert supervise(main) is Ending.OK


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (Misconfigured("topics.missing", "no topic"), Ending.MISCONFIGURED),
        (InvariantBroken("worker.faust-ended", "ours"), Ending.DEFECT),
        (MalformedInput("input.any", "never gets here"), Ending.DEFECT),
        (ZeroDivisionError(), Ending.DEFECT),
    ],
)
def test_every_other_error_ends_the_process_with_its_code(error: Exception, ending: Ending) -> None:
    assert supervise(_raising(error)) is ending
    assert ending != 0
