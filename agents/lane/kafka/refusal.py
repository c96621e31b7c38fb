"""Why brokers that answer do not let a client in.

aiokafka says of every server that it could not connect to, and not why. So where no server would
have us, one more connection is made to each, step by step as aiokafka does, and what goes wrong
there is put into words. Nothing is decided by it but what the error says, and that trying again
without a change is useless.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    NoError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from agents.lane.kafka.security import PLAINTEXT, Security

_EXPIRED = 10
_OTHER_SERVER = (62, 64)
"""OpenSSL's codes of a certificate (X509_V_ERR_...) that is too old, or of another host."""


_CLOSE_S_MAX = 0.5


class Reach(Protocol):
    """Where brokers are, and as whom we go there."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, several with commas."""
        ...

    @property
    def request_timeout_s(self) -> float:
        """A request without an answer counts as lost then."""
        ...

    @property
    def security(self) -> Security:
        """How either side proves who it is."""
        ...


async def why_refused(reach: Reach, *, within_s: float | None = None) -> str | None:
    """Say why the first broker that answers does not let us in; None if none answers, or one does.

    Args:
        reach: where they are, and as whom we come.
        within_s: how long it may take; None: as long as one request.
    """
    try:
        async with asyncio.timeout(within_s or reach.request_timeout_s):
            for host, port, _ in collect_hosts(reach.bootstrap_servers):
                reason = await _why_refused_at(host, port, reach)
                if reason is not None:
                    return f"{host}:{port} {reason}"
    except TimeoutError:
        pass
    return None


async def _why_refused_at(host: str, port: int, reach: Reach) -> str | None:
    security = reach.security
    try:
        async with _connection(host, port, reach, security) as connection:
            await connection.send(MetadataRequest([]))
    except (KafkaError, OSError) as error:
        return _words(error, security) or await _why_silent(host, port, reach)
    return None


async def _why_silent(host: str, port: int, reach: Reach) -> str | None:
    """Say why a broker ends a connection without a word, where it is certain that this is why."""
    security = reach.security
    variable = f"BIOLATCH_KAFKA__SECURITY_PROTOCOL is {security.protocol}"
    if security.tls is None and await _speaks_tls(host, port):
        wanted = "SSL or SASL_SSL" if security.login is None else "SASL_SSL"
        return f"expects TLS, and {variable}; set it to {wanted}"
    if security.tls is not None and await _answers_in_the_clear(host, port, reach):
        return f"is without TLS, and {variable}; another port of the broker may have TLS"
    if security.login is None and await _asks_who_we_are(host, port, reach):
        return f"expects a user and a password, and {variable}; set it to SASL_{security.protocol}"
    return None


@asynccontextmanager
async def _connection(
    host: str, port: int, reach: Reach, security: Security
) -> AsyncGenerator[Any]:
    connection: Any = AIOKafkaConnection(
        host,
        port,
        request_timeout_ms=int(reach.request_timeout_s * 1000),
        **security.client(),
    )
    try:
        await connection.connect()
        yield connection
    finally:
        # It is closed only when the event loop has seen to it, which may be about to end.
        await asyncio.wait([connection.close()], timeout=_CLOSE_S_MAX)


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake succeeds; nothing is sent, so it does not matter with whom."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=anyone)
    except OSError:
        return False
    writer.close()
    return True


async def _answers_in_the_clear(host: str, port: int, reach: Reach) -> bool:
    """Whether it says without TLS which versions it speaks; it is asked nothing else."""
    try:
        async with _connection(host, port, reach, PLAINTEXT):
            return True
    except (KafkaError, OSError):
        return False


async def _asks_who_we_are(host: str, port: int, reach: Reach) -> bool:
    """Whether the listener is one for SASL: others refuse to talk about it."""
    try:
        async with _connection(host, port, reach, reach.security) as connection:
            answer = await connection.send(SaslHandShakeRequest("SCRAM-SHA-512"))
    except (KafkaError, OSError):
        return False
    return answer.error_code in (NoError.errno, UnsupportedSaslMechanismError.errno)


def _words(error: BaseException, security: Security) -> str | None:
    login = security.login
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _untrusted(cause)
            case ssl.SSLError() if "ALERT" in (cause.reason or ""):
                return _refused_certificate(cause, security)
            case SaslAuthenticationFailed() if login is not None:
                return (
                    f"refuses user {login.username!r} with the password in {login.password_file}: "
                    f"{' '.join(str(each) for each in cause.args)}"
                )
            case UnsupportedSaslMechanismError() if login is not None:
                return f"does not take BIOLATCH_KAFKA__SASL_MECHANISM {login.mechanism}"
            case IllegalSaslStateError():
                return (
                    "expects no user and password, and BIOLATCH_KAFKA__SECURITY_PROTOCOL is "
                    f"{security.protocol}; set it to {security.protocol.removeprefix('SASL_')}"
                )
            case _:
                pass
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    said = f"shows a certificate that is not to be trusted: {error.verify_message.rstrip('.')}"
    if error.verify_code == _EXPIRED:
        return f"{said}; the brokers need a new one"
    if error.verify_code in _OTHER_SERVER:
        return f"{said}; connect by a name that it holds"
    return f"{said}; BIOLATCH_KAFKA__CA_FILE has to hold the authority that it comes from"


def _refused_certificate(alert: ssl.SSLError, security: Security) -> str:
    reason = (alert.reason or "").lower().replace("_", " ")
    tls = security.tls
    if tls is None or tls.certificate_file is None:
        return f"asks for a certificate ({reason}); set BIOLATCH_KAFKA__CERTIFICATE_FILE"
    return f"refuses our certificate ({reason}): {_described(tls.certificate_file)}"


def _described(file: Path) -> str:
    # Takes a moment to import, and is needed here only.
    from cryptography import x509  # noqa: PLC0415 (see above)

    try:
        own = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return str(file)
    ends = own.not_valid_after_utc
    return (
        f"{file} is {own.subject.rfc4514_string() or 'nameless'}, from "
        f"{own.issuer.rfc4514_string()}, "
        f"{'expired since' if ends < datetime.now(UTC) else 'valid until'} {ends.isoformat()}"
    )
