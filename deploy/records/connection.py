"""How a command reaches Kafka: where, as whom, and how patiently."""

from dataclasses import dataclass
from typing import Any

from agents.kafka_connection import usable_security
from agents.kafka_settings import KafkaSettings
from agents.lane.kafka.security import PLAINTEXT, Security
from deploy.broker_address import broker_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What every client of a command is made with.

    Attributes:
        bootstrap_servers: `host:port`, several with commas.
        request_timeout_s: a request without an answer counts as lost then.
        security: how both sides prove who they are.
    """

    bootstrap_servers: str
    request_timeout_s: float = 5.0
    security: Security = PLAINTEXT

    def client(self, client_id: str) -> dict[str, Any]:
        """The arguments of an aiokafka client of this name."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": client_id,
            "request_timeout_ms": int(self.request_timeout_s * 1000),
            **self.security.client(),
        }


def connection_to(kafka: KafkaSettings) -> Connection:
    """The Kafka that is set, or else the local one of this folder.

    Raises:
        Misconfigured: a file of certificates, keys or a password cannot be used.
    """
    return Connection(
        bootstrap_servers=broker_address(kafka).bootstrap_servers,
        request_timeout_s=kafka.request_timeout_s,
        security=usable_security(kafka),
    )
