"""Who somebody is by the word of a proxy that has logged them in, for example with OpenID Connect.

What protects it: headers count only where the connection itself comes from a trusted address. The
server is therefore never told to rewrite the peer's address (uvicorn's `proxy_headers` is off).
"""

import ipaddress
from collections.abc import Mapping
from typing import Final

from agents.console_settings import ConsoleSettings, split_list
from deploy.web_console.identity import ConsoleRole, Identity

_NAME_LENGTH_MAX: Final = 64


class ProxyIdentity:
    """What is believed of whom."""

    def __init__(self, settings: ConsoleSettings) -> None:
        """Take the settings."""
        self._settings: Final = settings
        self._networks: Final = [
            ipaddress.ip_network(network) for network in split_list(settings.trusted_proxies)
        ]

    @property
    def is_on(self) -> bool:
        """Whether users may come through a proxy."""
        return self._settings.proxy_user_header is not None

    def is_trusted(self, peer: str) -> bool:
        """Whether a connection from this address is a proxy's."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:  # no address: a test's, or a socket of the machine
            return False
        return any(address in network for network in self._networks)

    def identity(self, peer: str, headers: Mapping[str, str]) -> Identity | None:
        """Whom the proxy names; None where none does, or they have no role here."""
        user_header = self._settings.proxy_user_header
        if user_header is None or not self.is_trusted(peer):
            return None
        name = headers.get(user_header, "").strip()
        if not name or not name.isprintable() or len(name) > _NAME_LENGTH_MAX:
            return None
        role = self._role(split_list(headers.get(self._settings.proxy_groups_header, "")))
        return None if role is None else Identity(name, role)

    def _role(self, groups: tuple[str, ...]) -> ConsoleRole | None:
        if self._settings.proxy_operator_group in groups:
            return ConsoleRole.OPERATOR
        viewers = self._settings.proxy_viewer_group
        return ConsoleRole.VIEWER if viewers is None or viewers in groups else None

    def client_address(self, peer: str, headers: Mapping[str, str]) -> str:
        """Where a request comes from: what a trusted proxy says last, else the peer."""
        if not self.is_trusted(peer):
            return peer
        return (split_list(headers.get("x-forwarded-for", "")) or (peer,))[-1]

    def is_secure(self, peer: str, scheme: str, headers: Mapping[str, str]) -> bool:
        """Whether the user's own connection is encrypted."""
        if scheme == "https":
            return True
        return self.is_trusted(peer) and headers.get("x-forwarded-proto", "") == "https"
