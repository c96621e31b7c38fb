"""The web server of the endpoints: where it listens, with which certificate, and how it ends.

Owns Uvicorn's set-up. TLS is 1.2 or later, which is Python's own default.
"""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette

from agents.metrics.at_work import AtWork
from agents.signals.settings import SharedSignalsSettings
from events.errors import Misconfigured

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Uvicorn without hands on the process's signals, which are `supervise`'s."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def _loaded(app: Starlette, signals: SharedSignalsSettings) -> uvicorn.Config:
    certificate, key = signals.tls_certificate_file, signals.tls_key_file
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=None if key is None else str(key),
        timeout_graceful_shutdown=2,
    )
    try:
        config.load()
    except OSError as error:  # of the certificate or its key
        raise Misconfigured(
            "signals.certificate-unusable", f"{certificate}: {error.strerror or error}"
        ) from error
    return config


async def serve(app: Starlette, signals: SharedSignalsSettings, at_work: AtWork) -> None:
    """Answer requests until cancelled.

    Args:
        app: answers.
        signals: where it listens, with which certificate.
        at_work: told while whoever connects is answered.

    Raises:
        Misconfigured: the address cannot be listened on, or the certificate cannot be used.
    """
    server = _Server(_loaded(app, signals))
    family = socket.AF_INET6 if ":" in signals.listen_host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((signals.listen_host, signals.listen_port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise Misconfigured(
            "signals.cannot-listen",
            f"cannot listen on {signals.listen_host}:{signals.listen_port}: {error.strerror}",
        ) from error
    port: int = listening.getsockname()[1]
    _logger.info("signals.serving", host=signals.listen_host, port=port)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        with at_work.now():
            await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
        listening.close()
