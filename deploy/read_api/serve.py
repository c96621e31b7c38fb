"""Serving the API: the view from Kafka on one side, HTTP on the other, until a signal ends it."""

import asyncio
import signal
import socket
from importlib.metadata import version

import structlog
import uvicorn
import uvloop

from agents.kafka_connection import usable_security
from agents.log_output import write_log
from agents.read_api_settings import ReadApiSettings
from agents.settings import Settings
from biolatch_client import DeviceStates, KafkaConnection
from deploy.exit_codes import ExitCode
from deploy.read_api.access_tokens import AccessTokens
from deploy.read_api.api import ReadApi
from events.errors import Misconfigured

_REQUEST_BYTES_MAX = 16 * 1024
_CLOSING_S_MAX = 5

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def serve(settings: Settings) -> ExitCode:
    """Serve until SIGTERM or Ctrl-C; requests that are under way get their answer.

    Raises:
        Misconfigured: tokens, certificates, a password or the address cannot be used.
    """
    write_log(settings.log)
    connection = KafkaConnection(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        client_id=settings.kafka.client_id,
        request_timeout_s=settings.kafka.request_timeout_s,
        **usable_security(settings.kafka).client(),
    )
    tokens = _tokens(settings.read_api)
    listening = _listening(settings.read_api)
    with listening, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings.read_api, connection, tokens, listening))
    return ExitCode.OK


async def _serve(
    settings: ReadApiSettings,
    connection: KafkaConnection,
    tokens: AccessTokens,
    listening: socket.socket,
) -> None:
    states = DeviceStates(connection, stale_after_s=settings.stale_after_s)
    api = ReadApi(states, tokens, version=version("biolatch"))
    server = uvicorn.Server(
        uvicorn.Config(
            api,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,  # it would show ids
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=_REQUEST_BYTES_MAX,
            timeout_graceful_shutdown=_CLOSING_S_MAX,
        )
    )
    # uvicorn puts back what was there when it is done, and raises what it caught once more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    async with states:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        _logger.info("read-api.listening", address=f"http://{shown}:{port}")
        await server.serve(sockets=[listening])


def _tokens(settings: ReadApiSettings) -> AccessTokens:
    if settings.tokens_file is None:
        raise Misconfigured(
            "read-api.tokens-unset",
            "nobody is let in without a token: put one into a file (`openssl rand -hex 32 > FILE; "
            "chmod 600 FILE`) and set BIOLATCH_READ_API__TOKENS_FILE to it",
        )
    return AccessTokens(settings.tokens_file)


def _listening(settings: ReadApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise Misconfigured(
            "read-api.address",
            f"{settings.host}:{settings.port} cannot be listened at ({error.strerror or error}); "
            "set BIOLATCH_READ_API__HOST and BIOLATCH_READ_API__PORT",
        ) from error
