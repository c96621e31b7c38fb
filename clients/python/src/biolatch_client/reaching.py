"""Connecting, and why it did not work where a broker answers and does not let us in.

aiokafka says of every server that it could not connect to, and not why. So where no server would
have us, one more connection is made to each, and what goes wrong there says whether trying again
can help: it cannot where a password or a certificate is wrong.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from biolatch_client.errors import KafkaRefused, KafkaUnavailable
from biolatch_client.kafka import KafkaConnection, kafka_failures


@asynccontextmanager
async def reaching(connection: KafkaConnection) -> AsyncGenerator[None]:
    """Translate what is raised inside, where a client connects.

    Raises:
        KafkaUnavailable: no broker answers, or one asks to be tried again.
        KafkaRefused: the broker refuses, or it is not one to be trusted.
    """
    try:
        with kafka_failures(connection.bootstrap_servers):
            yield
    except KafkaUnavailable as unavailable:
        refused = await _refusal(connection)
        if refused is None:
            raise
        raise refused from unavailable


async def _refusal(connection: KafkaConnection) -> KafkaRefused | None:
    """What the first server that answers has against us; None if nothing, or if none answers."""
    if connection.security_protocol == "PLAINTEXT":
        return None
    servers = connection.bootstrap_servers
    options = connection.client_options()
    del options["bootstrap_servers"]
    for host, port, _ in collect_hosts(servers):
        try:
            async with asyncio.timeout(connection.request_timeout_s):
                reached: Any = await create_conn(host, port, **options)
        except (IllegalSaslStateError, SaslAuthenticationFailed, UnsupportedSaslMechanismError):
            return KafkaRefused(
                "kafka.login_refused",
                f"the Kafka at {servers} does not know the user by this password and mechanism",
            )
        except ssl.SSLCertVerificationError as error:
            return KafkaRefused(
                "kafka.certificate_untrusted",
                f"the certificate of the Kafka at {servers} is not to be trusted: "
                f"{error.verify_message}",
            )
        except Exception:  # noqa: BLE001, S112 - this one does not answer, which is known already
            continue
        reached.close()
        return None
    return None
