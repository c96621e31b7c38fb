"""What receivers may ask of their streams, and what a stream looks like to its receiver.

Owns the bodies of the stream configuration endpoint (SSF section 8.1.1): what is the receiver's to
choose, what is ours and only compared, and where a stream may push to. Pure.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from agents.signals.streams import Delivery, DeliveryMethod, Stream
from schemas.security_event_tokens import JsonObject
from schemas.signal_types import SignalType, SubjectFormat

_URL_LENGTH_MAX: Final = 2048
_DESCRIPTION_LENGTH_MAX: Final = 256


_EventType = Annotated[str, msgspec.Meta(max_length=512)]


class Unacceptable(Exception):  # noqa: N818 - the request is, not we
    """The request cannot be done as it stands; the message is for the receiver."""


class _Delivery(msgspec.Struct, frozen=True):
    method: DeliveryMethod
    endpoint_url: Annotated[str, msgspec.Meta(max_length=_URL_LENGTH_MAX)] | None = None
    authorization_header: (
        Annotated[str, msgspec.Meta(max_length=8192, pattern=r"^[\x20-\x7e]+$")] | None
    ) = None


class StreamWishes(msgspec.Struct, frozen=True):
    """The part of a stream's configuration that is its receiver's; UNSET is what it left out."""

    delivery: _Delivery | msgspec.UnsetType = msgspec.UNSET
    events_requested: (
        Annotated[
            tuple[Annotated[str, msgspec.Meta(max_length=512)], ...], msgspec.Meta(max_length=64)
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    subject_format: SubjectFormat | msgspec.UnsetType = msgspec.UNSET


class StatusWish(msgspec.Struct, frozen=True):
    """The body of an update of a status."""

    stream_id: str
    status: str
    reason: Annotated[str, msgspec.Meta(max_length=512)] | None = None


class SubjectWish(msgspec.Struct, frozen=True):
    """The body of a request to add or remove a subject."""

    stream_id: str
    subject: dict[str, object]
    verified: bool = True


class VerificationWish(msgspec.Struct, frozen=True):
    """The body of a request for a verification event."""

    stream_id: str
    state: Annotated[str, msgspec.Meta(max_length=1024)] | None = None


class PollWish(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a poll (RFC 8936 section 2.2); what is left out has the RFC's meaning."""

    max_events: Annotated[int, msgspec.Meta(ge=0)] | None = None
    return_immediately: bool = False
    ack: tuple[str, ...] = ()
    set_errs: dict[str, dict[str, object]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRules:
    """What holds for every stream of an installation.

    Attributes:
        issuer: ours.
        offered: the event types on offer.
        subject_format: of streams that do not choose.
        push_origins: where streams may push to; empty: any https origin that is a name.
        verification_interval_s_min: between verification requests.
    """

    issuer: str
    offered: tuple[SignalType, ...]
    subject_format: SubjectFormat
    push_origins: tuple[str, ...]
    verification_interval_s_min: int

    def new(self, stream_id: str, receiver: str, wishes: StreamWishes) -> Stream:
        """A new stream as its receiver wants it.

        Raises:
            Unacceptable: it cannot be had.
        """
        return self.replaced(
            Stream(
                stream_id=stream_id,
                receiver=receiver,
                delivery=Delivery(method=DeliveryMethod.POLL),
            ),
            wishes,
        )

    def replaced(self, stream: Stream, wishes: StreamWishes) -> Stream:
        """The stream with everything its receiver chooses as in the wishes, the rest as at first.

        Raises:
            Unacceptable: it cannot be had.
        """
        blank = msgspec.structs.replace(
            stream,
            delivery=Delivery(method=DeliveryMethod.POLL),
            events_requested=None,
            description=None,
            subject_format=self.subject_format,
        )
        return self.updated(blank, wishes)

    def updated(self, stream: Stream, wishes: StreamWishes) -> Stream:
        """The stream with what the wishes name changed.

        Raises:
            Unacceptable: it cannot be had.
        """
        delivery, requested = stream.delivery, stream.events_requested
        if wishes.delivery is not msgspec.UNSET:
            delivery = self._delivery(wishes.delivery)
        if wishes.events_requested is not msgspec.UNSET:
            requested = wishes.events_requested
        description = stream.description
        if wishes.description is not msgspec.UNSET:
            description = wishes.description[:_DESCRIPTION_LENGTH_MAX]
        subject_format = stream.subject_format
        if wishes.subject_format is not msgspec.UNSET:
            subject_format = wishes.subject_format
        return msgspec.structs.replace(
            stream,
            delivery=delivery,
            events_requested=requested,
            description=description,
            subject_format=subject_format,
        )

    def shown(self, stream: Stream, poll_url: str) -> JsonObject:
        """The configuration as its receiver reads it."""
        delivery: JsonObject = {"method": stream.delivery.method.value}
        if stream.delivery.method is DeliveryMethod.POLL:
            delivery["endpoint_url"] = poll_url
        else:
            delivery["endpoint_url"] = stream.delivery.endpoint_url
        if stream.delivery.authorization_header is not None:
            delivery["authorization_header"] = stream.delivery.authorization_header
        configuration: JsonObject = {
            "stream_id": stream.stream_id,
            "iss": self.issuer,
            "aud": stream.receiver,
            "events_supported": [each.value for each in self.offered],
            "events_delivered": [each.value for each in stream.delivered(self.offered)],
            "delivery": delivery,
            "min_verification_interval": self.verification_interval_s_min,
            "subject_format": stream.subject_format.value,
        }
        if stream.events_requested is not None:
            configuration["events_requested"] = [*stream.events_requested]
        if stream.description is not None:
            configuration["description"] = stream.description
        return configuration

    def require_ours_unchanged(
        self, stream: Stream, poll_url: str, body: Mapping[str, object]
    ) -> None:
        """What is ours may stand in a request, and then has to be what it is.

        Raises:
            Unacceptable: something is not.
        """
        shown = self.shown(stream, poll_url)
        ours = ("iss", "aud", "events_supported", "events_delivered", "min_verification_interval")
        for name in ours:
            if name in body and body[name] != shown[name]:
                raise Unacceptable(f"{name} is not the receiver's to change")

    def _delivery(self, wish: _Delivery) -> Delivery:
        if wish.method is DeliveryMethod.POLL:
            return Delivery(method=wish.method)
        if wish.endpoint_url is None:
            raise Unacceptable("delivery by push needs an endpoint_url")
        self._require_allowed(wish.endpoint_url)
        return Delivery(
            method=wish.method,
            endpoint_url=wish.endpoint_url,
            authorization_header=wish.authorization_header,
        )

    def _require_allowed(self, endpoint_url: str) -> None:
        """A receiver must not make us knock at doors that only we can reach."""
        try:
            parts = urlsplit(endpoint_url)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError:
            raise Unacceptable("endpoint_url is no URL") from None
        if not host or parts.username is not None or parts.fragment:
            raise Unacceptable("endpoint_url has no host, or has a user or a fragment")
        if self.push_origins:
            if f"{parts.scheme}://{parts.netloc}" not in self.push_origins:
                raise Unacceptable("endpoint_url is not at an origin that was agreed")
            return
        if parts.scheme != "https":
            raise Unacceptable("endpoint_url has to be https")
        if "." not in host or _is_address(host):
            raise Unacceptable("endpoint_url has to name a host with its full name")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdigit()  # 127.1 and the like
    return True
