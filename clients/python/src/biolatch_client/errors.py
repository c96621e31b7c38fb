"""What can go wrong for a backend, each with what is known about the event.

Owns the types that a backend catches. Messages name fields and limits, never values: they end up in
logs. Codes are stable; those of refused events are the server's own (docs/reference, dead letters).
"""


class BiolatchClientError(Exception):
    """Base of everything that this library raises on purpose.

    Attributes:
        code: stable, dotted, lower-case name of this very error, to match on.
    """

    def __init__(self, code: str, message: str) -> None:
        """Say what is wrong, under a code."""
        super().__init__(message)
        self.code = code


class EventRefused(BiolatchClientError, ValueError):
    """The event is not as the contract says. Nothing was sent; sending it again will not help."""


class BufferFull(BiolatchClientError):
    """Too many events wait for an acknowledgement, and none came in time. Nothing was sent."""


class NotAcknowledged(BiolatchClientError):
    """Kafka has not confirmed the event in time: it may be stored, now or later, or not.

    Publish it again with the same `event_id`: biolatch refuses the second one as `duplicate`.

    Attributes:
        event_id: the id that the event was sent with.
    """

    def __init__(self, event_id: str, message: str) -> None:
        """Tell of one event."""
        super().__init__("publisher.not_acknowledged", message)
        self.event_id = event_id


class KafkaUnavailable(BiolatchClientError):
    """No broker answers, or none can serve now. Nothing was sent; try again later."""


class KafkaRefused(BiolatchClientError):
    """Kafka refuses, and would again: credentials, rights, a missing topic. Nothing is stored."""


class Closed(BiolatchClientError):
    """It was not opened, or it is closed already. Nothing was sent."""
