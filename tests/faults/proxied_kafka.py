"""A broker with a second listener, which it advertises at a proxy's port."""

from pathlib import Path

from deploy.kafka.data_folder import DataFolder
from deploy.kafka.free_ports import free_port
from deploy.kafka.local import LocalKafka
from deploy.kafka.server_properties import LOOPBACK, Ports, local_properties
from tests.faults.campaign import campaign_kafka


def proxied_kafka(data: Path, *, proxy_port: int, behind_port: int) -> LocalKafka:
    """The broker listens at `behind_port` too; who comes that way is told of `proxy_port` alone.

    The broker's own requests (it writes the markers of transactions to itself) go the direct way.
    """
    folder = DataFolder(data.absolute())
    data.mkdir(parents=True)
    ports = Ports(client=free_port(), controller=free_port())
    folder.keep_ports(ports)
    usual = local_properties(ports, log_folder=folder.records.name)
    listener, protocols = "listeners", "listener.security.protocol.map"
    advertised = "advertised.listeners"
    return campaign_kafka(
        data,
        {
            listener: f"{usual[listener]},PROXIED://{LOOPBACK}:{behind_port}",
            advertised: f"{usual[advertised]},PROXIED://{LOOPBACK}:{proxy_port}",
            protocols: f"{usual[protocols]},PROXIED:PLAINTEXT",
        },
    )
