"""How a command reaches Kafka: where, and how patiently."""

from dataclasses import dataclass

from agents.setting_groups import KafkaSettings
from deploy.broker_address import broker_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What every client of a command is made with.

    Attributes:
        bootstrap_servers: `host:port`, several with commas.
        request_timeout_s: a request without an answer counts as lost then.
    """

    bootstrap_servers: str
    request_timeout_s: float = 5.0


def connection_to(kafka: KafkaSettings) -> Connection:
    """The Kafka that is set, or else the local one of this folder."""
    return Connection(
        bootstrap_servers=broker_address(kafka).bootstrap_servers,
        request_timeout_s=kafka.request_timeout_s,
    )
