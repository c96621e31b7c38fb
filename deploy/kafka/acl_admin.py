"""A cluster's ACLs through confluent-kafka; the only file that imports it for them.

aiokafka has no requests for ACLs. What comes from the other client is turned into our own types at
once, and its errors into our kinds.
"""

from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import confluent_kafka.admin
from confluent_kafka import KafkaError, KafkaException

from agents.lane.kafka.secret_file import read_secret
from deploy.records.connection import Connection
from deploy.records.kafka_failures import unreachable
from events.errors import InvariantBroken, Misconfigured, TransientFailure

# Its types are those of what may be passed in, not of what comes back.
_admin: Any = confluent_kafka.admin

_CLIENT_ID: Final = "biolatch-acls"
_NO_ANSWER: Final = frozenset(
    {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN}  # noqa: SLF001 - their names
)


class Acl(NamedTuple):
    """One rule of a cluster, in Kafka's words.

    Attributes:
        user: whom it is about: `User:NAME`.
        kind: `TOPIC`, `GROUP`, `TRANSACTIONAL_ID`, `BROKER` (the cluster).
        name: of the resource.
        pattern: `LITERAL` or `PREFIXED`.
        operation: `READ`, `DESCRIBE_CONFIGS` and so on.
        permission: `ALLOW` or `DENY`.
        host: from where; `*` is everywhere.
    """

    user: str
    kind: str
    name: str
    pattern: str
    operation: str
    permission: str = "ALLOW"
    host: str = "*"


class AclAdmin:
    """Reads, adds and takes away ACLs; its calls wait for the cluster.

    Every method raises TransientFailure when the cluster cannot be reached and Misconfigured when
    it refuses, or keeps no ACLs.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is connected yet."""
        self._servers = connection.bootstrap_servers
        self._timeout_s = 2 * connection.request_timeout_s
        self._client = _admin.AdminClient(_arguments(connection))

    def of(self, users: Collection[str]) -> frozenset[Acl]:
        """Every ACL that names one of these users."""
        found: set[Acl] = set()
        with self._translated_errors():
            for user in users:
                wanted = _admin.AclBindingFilter(
                    _admin.ResourceType.ANY,
                    None,
                    _admin.ResourcePatternType.ANY,
                    user,
                    None,
                    _admin.AclOperation.ANY,
                    _admin.AclPermissionType.ANY,
                )
                answer = self._client.describe_acls(wanted, request_timeout=self._timeout_s)
                found.update(_acl(binding) for binding in answer.result())
        return frozenset(found)

    def add(self, acls: Iterable[Acl]) -> None:
        """Make these ACLs; those that are there stay as they are."""
        with self._translated_errors():
            bindings = [_binding(acl, _admin.AclBinding) for acl in acls]
            if bindings:
                made = self._client.create_acls(bindings, request_timeout=self._timeout_s)
                for each in made.values():
                    each.result()

    def remove(self, acls: Iterable[Acl]) -> None:
        """Take away exactly these ACLs."""
        with self._translated_errors():
            filters = [_binding(acl, _admin.AclBindingFilter) for acl in acls]
            if filters:
                gone = self._client.delete_acls(filters, request_timeout=self._timeout_s)
                for each in gone.values():
                    each.result()

    @contextmanager
    def _translated_errors(self) -> Generator[None]:
        try:
            yield
        except KafkaException as failure:
            error = failure.args[0]
            if not isinstance(error, KafkaError):
                raise InvariantBroken("kafka.unknown-error", str(failure)) from failure
            raise _translated(error, self._servers) from failure


def _translated(error: KafkaError, servers: str) -> Misconfigured | TransientFailure:
    if error.code() in _NO_ANSWER:
        return unreachable(servers)
    if error.code() == KafkaError.SECURITY_DISABLED:
        return Misconfigured(
            "kafka.without-authorizer",
            f"the Kafka at {servers} keeps no ACLs: everybody may do everything there. Set "
            "`authorizer.class.name` on its brokers and controllers, see docs/kafka-security.md.",
        )
    if error.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
        return Misconfigured(
            "kafka.not-allowed",
            f"the Kafka at {servers} does not let this user see or change ACLs. Whoever grants "
            "rights needs Describe and Alter on the cluster: run this as one of its `super.users`.",
        )
    return Misconfigured("kafka.refused", f"the Kafka at {servers} refused: {error.str()}")


def _arguments(connection: Connection) -> dict[str, object]:
    """What confluent-kafka calls that which aiokafka is given."""
    security = connection.security
    arguments: dict[str, object] = {
        "bootstrap.servers": connection.bootstrap_servers,
        "client.id": _CLIENT_ID,
        "security.protocol": security.protocol,
        # Its own lines would tell a second time, and less clearly, what the errors say.
        "log_level": 0,
    }
    if (tls := security.tls) is not None:
        arguments["ssl.ca.location"] = "probe" if tls.ca_file is None else str(tls.ca_file)
        if tls.certificate_file is not None:
            arguments["ssl.certificate.location"] = str(tls.certificate_file)
            arguments["ssl.key.location"] = str(tls.key_file or tls.certificate_file)
        if tls.key_password_file is not None:
            arguments["ssl.key.password"] = read_secret(tls.key_password_file)
    if (login := security.login) is not None:
        arguments["sasl.mechanism"] = login.mechanism
        arguments["sasl.username"] = login.username
        arguments["sasl.password"] = read_secret(login.password_file)
    return arguments


def _acl(binding: Any) -> Acl:  # noqa: ANN401 - see above
    return Acl(
        user=binding.principal,
        kind=binding.restype.name,
        name=binding.name,
        pattern=binding.resource_pattern_type.name,
        operation=binding.operation.name,
        permission=binding.permission_type.name,
        host=binding.host,
    )


def _binding(acl: Acl, form: Any) -> Any:  # noqa: ANN401 - as above
    return form(
        _admin.ResourceType[acl.kind],
        acl.name,
        _admin.ResourcePatternType[acl.pattern],
        acl.user,
        acl.host,
        _admin.AclOperation[acl.operation],
        _admin.AclPermissionType[acl.permission],
    )
