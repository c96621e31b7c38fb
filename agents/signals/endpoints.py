"""Where the transmitter's endpoints are, and the documents by which receivers find them.

Owns every path and both discovery documents: the transmitter's own (SSF section 7) and that of the
protected resource (RFC 9728). All addresses follow from the issuer.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from agents.signals.streams import DeliveryMethod
from schemas.security_event_tokens import JsonObject

READ: Final = "ssf.read"
MANAGE: Final = "ssf.manage"
POLL: Final = "ssf.manage.poll"
SCOPES: Final = (READ, MANAGE, POLL)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of an issuer.

    Attributes:
        issuer: without a slash at its end.
    """

    issuer: str

    @property
    def path(self) -> str:
        """The part of the issuer behind its host; empty where there is none."""
        return urlsplit(self.issuer).path

    def well_known(self, name: str) -> str:
        """The path of a discovery document: between host and path (RFC 8615)."""
        return f"/.well-known/{name}{self.path}"

    def poll(self, stream_id: str) -> str:
        """Where a stream is polled: an address of its own."""
        return f"{self.issuer}/ssf/poll/{stream_id}"

    def transmitter(self) -> JsonObject:
        """The transmitter configuration metadata."""
        return {
            "spec_version": "1_0",
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/ssf/jwks.json",
            "delivery_methods_supported": [each.value for each in DeliveryMethod],
            "configuration_endpoint": f"{self.issuer}/ssf/streams",
            "status_endpoint": f"{self.issuer}/ssf/status",
            "add_subject_endpoint": f"{self.issuer}/ssf/subjects/add",
            "remove_subject_endpoint": f"{self.issuer}/ssf/subjects/remove",
            "verification_endpoint": f"{self.issuer}/ssf/verify",
            "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
            "default_subjects": "ALL",
        }

    def protected_resource(self, token_issuer: str) -> JsonObject:
        """Where to get a token for these endpoints, and for which scopes."""
        return {
            "resource": self.issuer,
            "authorization_servers": [token_issuer],
            "scopes_supported": [*SCOPES],
            "bearer_methods_supported": ["header"],
        }
