"""A process's own HTTP endpoint, in its own thread: it answers also while all else hangs.

Owns the address and the thread. What it serves, `agents.metrics.http_server`, is imported in that
thread, so that no process starts later because somebody may want to look at it.
"""

import errno
import socket
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from events.errors import Misconfigured

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from agents.metrics.http_server import HttpServer

Check: TypeAlias = Callable[[], Sequence[str]]
"""Says what is wrong, in words; nothing when all is well."""

PULSE_S_MAX: Final = 5.0
"""An event loop that has not turned for so long hangs: no batch takes a hundredth of it."""

_BACKLOG: Final = 16


class PortTaken(Misconfigured):
    """Somebody else listens at the address."""


@contextmanager
def endpoint(
    host: str,
    port: int,
    *,
    registry: "Callable[[], CollectorRegistry]",
    checks: Mapping[str, Check],
) -> Generator[None]:
    """Serve `/metrics` and the checks at their paths, for the block.

    Args:
        host: address to listen at.
        port: of it.
        registry: makes what `/metrics` shows; called in the endpoint's thread.
        checks: by path. A check that finds something wrong is answered with 503.

    Raises:
        PortTaken: somebody listens there already.
        Misconfigured: this machine cannot listen there.
    """
    listening = _listen(host, port)
    made: Future[HttpServer] = Future()
    thread = threading.Thread(
        target=_serve, args=(listening, registry, checks, made), name="metrics", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        made.result().shutdown()
        thread.join()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        taken = PortTaken if error.errno == errno.EADDRINUSE else Misconfigured
        raise taken(
            "metrics.cannot-listen",
            f"cannot show metrics at {host} port {port}: {error.strerror}. Set "
            "BIOLATCH_METRICS__HOST and the port (BIOLATCH_METRICS__PORT of a worker, "
            "BIOLATCH_MONITOR__PORT of the monitor) to an address that is free here.",
        ) from error


def _serve(
    listening: socket.socket,
    registry: "Callable[[], CollectorRegistry]",
    checks: Mapping[str, Check],
    made: "Future[HttpServer]",
) -> None:
    from agents.metrics.http_server import HttpServer  # noqa: PLC0415 - see the module's text

    try:
        server = HttpServer(listening, registry(), checks)
    except BaseException as error:
        listening.close()
        made.set_exception(error)
        raise
    made.set_result(server)
    server.serve()
