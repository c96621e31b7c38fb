"""What asking costs on this machine: `python -m biolatch_client.testing.cost [DEVICES]`."""

import sys
import time
import timeit
import tracemalloc
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Final

from pydantic_core import to_json

from biolatch_client.testing import InMemoryDeviceStates

_DEVICES: Final = 100_000
_ROUNDS: Final = 15
_QUESTIONS: Final = 20_000
_FALLBACK_EVERY: Final = 10


def measure(devices: int = _DEVICES, *, questions: int = _QUESTIONS) -> Iterator[str]:
    """Lines for people: memory, reading, and questions, in processor time."""
    ids = [str(uuid.uuid4()) for _ in range(devices)]
    values = [_value(number) for number in range(devices)]
    tracemalloc.start()
    states = _read(ids, values)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield f"{used / devices:.0f} bytes a device"
    begun_s = time.process_time()
    states = _read(ids, values)
    yield f"{devices / (time.process_time() - begun_s):,.0f} records a second"
    for name, device_id in (("fallback", ids[0]), ("enabled", ids[1]), ("unknown", "nobody")):
        user_id = f"user-{0 if name == 'fallback' else 1}"
        rounds = timeit.repeat(
            partial(states.may_use, device_id, user_id, login_id="login-2"),
            number=questions,
            repeat=_ROUNDS,
            timer=time.process_time,
        )
        yield f"{min(rounds) / questions * 1e6:.2f} us a question ({name})"


def _read(ids: list[str], values: list[bytes]) -> InMemoryDeviceStates:
    states = InMemoryDeviceStates()
    for device_id, value in zip(ids, values, strict=True):
        states.take_record(device_id, value)
    return states


def _value(number: int) -> bytes:
    in_fallback = number % _FALLBACK_EVERY == 0
    user = {
        "status": "fallback" if in_fallback else "enabled",
        "reason": "too_many_failures" if in_fallback else None,
        "since": f"2026-01-31T23:{number // 60 % 60:02d}:{number % 60:02d}.999Z",
        "guidance": "use_password" if in_fallback else "none",
        "offer": "none",
        "prompt_not_before": None,
        "prompt_label": "Touch ID",
        "fallback_login_id": "login-1" if in_fallback else None,
        "wait_until": "2026-01-31T23:59:59.999Z" if in_fallback else None,
    }
    return to_json({"device_id": "phone", "bio_epoch": 2, "users": {f"user-{number}": user}})


if __name__ == "__main__":
    for line in measure(int(sys.argv[1]) if len(sys.argv) > 1 else _DEVICES):
        print(line)  # noqa: T201 - what it is for
