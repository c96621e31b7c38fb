"""What aiokafka and the network raise, as our kinds of error, each saying the fix."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# aiokafka has no type information.

import logging
from collections.abc import Generator
from contextlib import contextmanager

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)

from agents.lane.kafka.client import NOT_ALLOWED, AccessRefused
from events.errors import Misconfigured, TransientFailure

# aiokafka's own lines would tell a second time, and less clearly, what the errors below say.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())


_RIGHTS = (
    "docs/reference/principals.md says who needs which rights; `biolatch topics apply --acls` "
    "grants them."
)
_NO_ANSWER = (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, RequestTimedOutError)


@contextmanager
def kafka_failures(bootstrap_servers: str) -> Generator[None]:
    """Translate what is raised inside.

    Raises:
        TransientFailure: no broker answers, or one asks to be tried again.
        Misconfigured: the broker refuses, and would again.
    """
    try:
        yield
    except AccessRefused as error:
        raise Misconfigured("kafka.access-refused", str(error)) from error
    except NOT_ALLOWED as error:
        raise Misconfigured(
            "kafka.not-allowed",
            f"the Kafka at {bootstrap_servers} does not allow this user to do it ({error}). "
            f"{_RIGHTS}",
        ) from error
    except (*_NO_ANSWER, OSError) as error:  # a timeout is an OSError, too
        raise unreachable(bootstrap_servers) from error
    except KafkaError as error:
        words = str(error) or type(error).__name__
        if error.retriable:
            raise TransientFailure(
                "kafka.not-now",
                f"the Kafka at {bootstrap_servers} could not do it now ({words}). Try again in a "
                "moment.",
            ) from error
        raise Misconfigured(
            "kafka.refused", f"the Kafka at {bootstrap_servers} refused: {words}"
        ) from error


def unreachable(bootstrap_servers: str) -> TransientFailure:
    """No broker answers at this address."""
    return TransientFailure(
        "kafka.unreachable",
        f"no Apache Kafka answers at {bootstrap_servers}. Start one here with `biolatch kafka "
        "start`, or set BIOLATCH_KAFKA__BOOTSTRAP_SERVERS to the address of yours.",
    )


def missing_topic(bootstrap_servers: str, topic: str) -> Misconfigured:
    """The cluster has no such topic."""
    return Misconfigured(
        "topics.missing",
        f"the Kafka at {bootstrap_servers} has no topic {topic}, or none that this user may see. "
        "Create the topics with `biolatch topics apply`, on a cluster with ACLs with `--acls`.",
    )
