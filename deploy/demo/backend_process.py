"""The phone backend as a child process: events in, acknowledgements out, one at a time."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.child_processes import ended
from deploy.demo.script import Event, EventField, SecondsAgo
from events.errors import TransientFailure

PROGRAM: Final = Path(__file__).with_name("phone_backend.py")

_ANSWER_WAIT_S: Final = 30.0
_END_WAIT_S: Final = 5.0


class Published(NamedTuple):
    """Where Kafka keeps an event, and when (`time.monotonic_ns`) it had acknowledged it."""

    event_id: str
    partition: int
    offset: int
    acknowledged_ns: int


class BackendProcess:
    """The running program; `phone_backend` starts one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to this process."""
        self._process: Final = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def publish(self, event: Event) -> Published:
        """Let it publish an event and wait until Kafka has it.

        Raises:
            TransientFailure: it ended, or said nothing for too long.
        """
        data = {name: _written(value) for name, value in event.data.items()}
        line = json.dumps({"type": event.type, "device": event.device, "data": data})
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(line.encode() + b"\n")
        said = await self.hear()
        return Published(said["id"], said["partition"], said["offset"], said["acknowledged_ns"])

    async def hear(self) -> dict[str, Any]:
        """The next line that it says.

        Raises:
            TransientFailure: it ended, or said nothing for too long.
        """
        stdout = self._process.stdout
        try:
            async with asyncio.timeout(_ANSWER_WAIT_S):
                line = await stdout.readline() if stdout is not None else b""
        except TimeoutError:
            line = b""
        if not line:
            raise TransientFailure(
                "demo.backend-silent", "the phone backend stopped answering; run the demo again"
            )
        said: dict[str, Any] = json.loads(line)
        return said

    async def end(self) -> None:
        """Let it end in good order, by the end of its input; if it does not, kill it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await ended(self._process, wait_s=_END_WAIT_S)


@asynccontextmanager
async def phone_backend(
    bootstrap_servers: str, topic: str, log: Path
) -> AsyncGenerator[BackendProcess]:
    """The program, connected, as long as the block runs; its own log lines go to a file.

    It hears nothing of Ctrl-C, and ends when this process does: its input ends then.
    """
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing beside the program can be imported by it
            str(PROGRAM),
            bootstrap_servers,
            topic,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    backend = BackendProcess(process)
    try:
        await backend.hear()  # that it is connected
        yield backend
    finally:
        await backend.end()


def _written(value: EventField) -> str | int | bool:
    if not isinstance(value, SecondsAgo):
        return value
    instant = datetime.now(UTC) - timedelta(seconds=value.seconds)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
