"""Which Kafka a command talks to: the one that is set, or else the local one of this folder."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from agents.kafka_settings import KafkaSettings
from agents.settings import Settings
from deploy.kafka.data_folder import DEFAULT, DataFolder

_log = structlog.get_logger(__name__)


class Source(StrEnum):
    """Who said so."""

    SETTING = "setting"
    """BIOLATCH_KAFKA__BOOTSTRAP_SERVERS."""
    LOCAL = "local"
    """`biolatch kafka start`, in the current folder; also when that broker is stopped now."""
    DEFAULT = "default"
    """Nobody; it is where a Kafka usually listens."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where clients connect first: `host:port`, several with commas; and who said so."""

    bootstrap_servers: str
    source: Source


def broker_address(kafka: KafkaSettings, data: Path = DEFAULT) -> BrokerAddress:
    """The Kafka to talk to.

    A local broker that is stopped still counts: silently taking another Kafka of the machine would
    be worse than an error that says how to start it.
    """
    local = DataFolder(data.absolute()).bootstrap_servers()
    if "bootstrap_servers" in kafka.model_fields_set:
        address = BrokerAddress(kafka.bootstrap_servers, Source.SETTING)
    elif local is not None:
        address = BrokerAddress(local, Source.LOCAL)
    else:
        address = BrokerAddress(kafka.bootstrap_servers, Source.DEFAULT)
    _log.info("broker.chosen", address=address.bootstrap_servers, source=address.source.value)
    return address


def at_the_broker_of_this_folder(settings: Settings) -> Settings:
    """The settings with the address of the Kafka to talk to."""
    address = broker_address(settings.kafka).bootstrap_servers
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": address})
    return settings.model_copy(update={"kafka": kafka})
