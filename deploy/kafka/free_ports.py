"""Ports on the loopback address that nobody uses now and nobody is likely to take later."""

import socket
from random import SystemRandom
from typing import Final

from deploy.kafka.server_properties import LOOPBACK
from events.errors import TransientFailure

# Below the ranges from which Linux (32768 and up) and macOS (49152 and up) take ports for outgoing
# connections. From there, a client that retries while the broker is down could be given the
# broker's own port, and even connect to itself.
_FIRST: Final = 20_000
_LAST: Final = 29_999
_TRIES: Final = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java does: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free now, different for callers at the same moment, as likely as can be."""
    chance = SystemRandom()
    for _ in range(_TRIES):
        if is_free(port := chance.randint(_FIRST, _LAST)):
            return port
    raise TransientFailure(
        "kafka.no-free-port", f"no port from {_FIRST} to {_LAST} seems to be free on {LOOPBACK}"
    )
