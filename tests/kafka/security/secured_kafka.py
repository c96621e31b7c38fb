"""An Apache Kafka with TLS, SCRAM, client certificates and ACLs, as an operator would set it up.

The plain listener is the broker's own: whoever reaches it is a super user, which is how the broker
talks to itself and how the rig makes its users. Everybody under test comes by the others.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import confluent_kafka.admin

from agents.kafka_settings import KafkaSettings
from deploy.kafka.data_folder import DataFolder
from deploy.kafka.free_ports import free_port
from deploy.kafka.local import BrokerOptions, LocalKafka
from deploy.kafka.server_properties import LOOPBACK, Ports
from deploy.records.connection import Connection, connection_to
from schemas.rights import Role
from tests.kafka.security.credentials import HOST, Authority, Identity, secret_file

SUPER_USER = "admin"
USERS = {role: f"biolatch-{role.value}" for role in Role}
SCRAM = "SCRAM-SHA-512"
_ITERATIONS = 4096

SASL = "SASL"
"""TLS; a user and a password."""
MUTUAL = "MUTUAL"
"""TLS; the user is the common name of the client's certificate."""
BOTH = "BOTH"
"""TLS with a client's certificate, and a user and a password besides."""
EXPIRED = "EXPIRED"
"""As SASL, with a certificate that has expired."""
ELSEWHERE = "ELSEWHERE"
"""As SASL, with the certificate of another host."""
IN_THE_CLEAR = "CLEAR"
"""A user and a password, without TLS."""

_PROTOCOLS = {
    SASL: "SASL_SSL",
    MUTUAL: "SSL",
    BOTH: "SASL_SSL",
    EXPIRED: "SASL_SSL",
    ELSEWHERE: "SASL_SSL",
    IN_THE_CLEAR: "SASL_PLAINTEXT",
}


def first_password(user: str) -> str:
    """The password that a user begins with."""
    return f"{user}, by the first password"


class SecuredKafka:
    """The broker, its listeners, and what its users need to get in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder, "ours")
        self.foreign = Authority(folder, "foreign")
        self._ports = {name: free_port() for name in (*_PROTOCOLS, "CLIENT", "CONTROLLER")}
        data = folder / "kafka"
        data.mkdir()
        DataFolder(data).keep_ports(
            Ports(client=self._ports["CLIENT"], controller=self._ports["CONTROLLER"])
        )
        self.broker = LocalKafka(
            data, options=BrokerOptions(heap_mib=256, properties=self._properties())
        )

    async def start(self) -> None:
        await self.broker.start()
        self.set_passwords({user: first_password(user) for user in (*USERS.values(), SUPER_USER)})

    def servers(self, listener: str) -> str:
        return f"{HOST}:{self._ports[listener]}"

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Let the broker know these users by these passwords from now on."""
        kafka: Any = confluent_kafka.admin
        admin = kafka.AdminClient(
            {"bootstrap.servers": self.broker.bootstrap_servers, "log_level": 0}
        )
        how = kafka.ScramCredentialInfo(kafka.ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        altered = admin.alter_user_scram_credentials(
            [
                kafka.UserScramCredentialUpsertion(user, how, password.encode())
                for user, password in passwords.items()
            ]
        )
        for each in altered.values():
            each.result(timeout=30)

    def password_file(self, user: str, password: str | None = None) -> Path:
        content = password or first_password(user)
        return secret_file(self.folder / f"{user}.password", f"{content}\n".encode())

    def by_password(self, user: str, listener: str = SASL) -> dict[str, str]:
        """The settings of somebody who comes with a password."""
        return {
            "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": self.servers(listener),
            "BIOLATCH_KAFKA__SECURITY_PROTOCOL": _PROTOCOLS[listener],
            "BIOLATCH_KAFKA__CA_FILE": str(self.authority.file),
            "BIOLATCH_KAFKA__SASL_USERNAME": user,
            "BIOLATCH_KAFKA__SASL_PASSWORD_FILE": str(self.password_file(user)),
        }

    def by_certificate(self, identity: Identity | None) -> dict[str, str]:
        """The settings of somebody who comes with a certificate, or with none."""
        settings = {
            "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": self.servers(MUTUAL),
            "BIOLATCH_KAFKA__SECURITY_PROTOCOL": _PROTOCOLS[MUTUAL],
            "BIOLATCH_KAFKA__CA_FILE": str(self.authority.file),
        }
        if identity is not None:
            settings["BIOLATCH_KAFKA__CERTIFICATE_FILE"] = str(identity.certificate)
            settings["BIOLATCH_KAFKA__KEY_FILE"] = str(identity.key)
        return settings

    @staticmethod
    def connection(settings: Mapping[str, str]) -> Connection:
        """The same for clients that a test opens itself."""
        prefix = "BIOLATCH_KAFKA__"
        return connection_to(
            KafkaSettings.model_validate(
                {name.removeprefix(prefix).lower(): value for name, value in settings.items()}
            )
        )

    def _properties(self) -> dict[str, str]:
        ports = self._ports
        shown = {name: f"{HOST}:{ports[name]}" for name in _PROTOCOLS}
        shown["CLIENT"] = f"{LOOPBACK}:{ports['CLIENT']}"
        listeners = [f"{name}://{LOOPBACK}:{port}" for name, port in ports.items()]
        protocols = {**_PROTOCOLS, "CLIENT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
        properties = {
            "listeners": ",".join(listeners),
            "advertised.listeners": ",".join(f"{name}://{at}" for name, at in shown.items()),
            "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{SUPER_USER}",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
            "sasl.enabled.mechanisms": SCRAM,
        }
        servers = {
            SASL: self.authority.server("broker"),
            MUTUAL: self.authority.server("broker-mutual"),
            BOTH: self.authority.server("broker-both"),
            EXPIRED: self.authority.server("broker-expired", expired=True),
            ELSEWHERE: self.authority.server("broker-elsewhere", "elsewhere.example"),
        }
        for name, identity in servers.items():
            properties |= {
                f"{_of(name)}.ssl.keystore.type": "PEM",
                f"{_of(name)}.ssl.keystore.location": str(identity.both),
            }
        for name in (MUTUAL, BOTH):
            trusted = self._trusted_file(name)
            trusted.write_bytes(self.authority.file.read_bytes())
            properties |= {
                f"{_of(name)}.ssl.client.auth": "required",
                f"{_of(name)}.ssl.truststore.type": "PEM",
                f"{_of(name)}.ssl.truststore.location": str(trusted),
            }
        for name, protocol in _PROTOCOLS.items():
            if protocol.startswith("SASL"):
                properties[f"{_of(name)}.{SCRAM.lower()}.sasl.jaas.config"] = (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                )
        return properties

    def _trusted_file(self, listener: str) -> Path:
        return self.folder / f"clients-of-{listener.lower()}.crt"

    def renew(self, listener: str, authority: Authority) -> None:
        """Let only this authority vouch for either side, from the broker's next start on."""
        server = authority.server("renewed")
        (self.folder / f"broker-{listener.lower()}.pem").write_bytes(server.both.read_bytes())
        self._trusted_file(listener).write_bytes(authority.file.read_bytes())


def _of(listener: str) -> str:
    return f"listener.name.{listener.lower()}"
