"""How to reach Kafka, and what its failures mean.

Owns the options that both the publisher and the states hand to aiokafka, and the translation of
what aiokafka and the network raise.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    ProducerClosed,
    RequestTimedOutError,
)

from biolatch_client.errors import KafkaRefused, KafkaUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConnection:
    """What aiokafka's clients are made with; its own names for everything.

    Attributes:
        bootstrap_servers: `host:port`, several with commas.
        client_id: how the brokers' logs and quotas call this service.
        security_protocol: as Kafka names it.
        ssl_context: for SSL and SASL_SSL; `aiokafka.helpers.create_ssl_context` makes one.
        sasl_mechanism: as Kafka names it.
        sasl_plain_username: for PLAIN and SCRAM.
        sasl_plain_password: for PLAIN and SCRAM; never shown.
        sasl_oauth_token_provider: for OAUTHBEARER.
        request_timeout_s: a request without an answer counts as lost then, and is sent again.
    """

    bootstrap_servers: str
    client_id: str = "biolatch-client"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "PLAIN"
    sasl_plain_username: str | None = None
    sasl_plain_password: str | None = field(default=None, repr=False)
    sasl_oauth_token_provider: AbstractTokenProvider | None = field(default=None, repr=False)
    request_timeout_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what could not work.

        Raises:
            ValueError: TLS without an SSL context.
        """
        if "SSL" in self.security_protocol.split("_") and self.ssl_context is None:
            raise ValueError(f"security_protocol {self.security_protocol} needs an ssl_context")

    def client_options(self) -> dict[str, Any]:
        """The keyword arguments of aiokafka's clients."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "request_timeout_ms": int(self.request_timeout_s * 1000),
        }
        if self.security_protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_plain_username,
                "sasl_plain_password": self.sasl_plain_password,
                "sasl_oauth_token_provider": self.sasl_oauth_token_provider,
            }
        return options


_NO_ANSWER: Final = (
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    ProducerClosed,
    RequestTimedOutError,
)


@contextmanager
def kafka_failures(bootstrap_servers: str) -> Generator[None]:
    """Translate what is raised inside.

    Raises:
        KafkaUnavailable: no broker answers, or one asks to be tried again.
        KafkaRefused: the broker refuses, and would again.
    """
    try:
        yield
    except (*_NO_ANSWER, OSError) as error:  # a timeout is an OSError, too
        raise KafkaUnavailable(
            "kafka.unavailable", f"no Apache Kafka answers at {bootstrap_servers}"
        ) from error
    except KafkaError as error:
        words = type(error).__name__
        if error.retriable:
            raise KafkaUnavailable(
                "kafka.unavailable", f"the Kafka at {bootstrap_servers} cannot now ({words})"
            ) from error
        raise KafkaRefused(
            "kafka.refused", f"the Kafka at {bootstrap_servers} refuses ({words})"
        ) from error


def missing_topic(bootstrap_servers: str, topic: str) -> KafkaRefused:
    """The cluster has no such topic, or does not show it."""
    return KafkaRefused(
        "kafka.topic_missing",
        f"the Kafka at {bootstrap_servers} has no topic {topic}, or shows it not to this client. "
        "`biolatch topics apply` creates the topics.",
    )
