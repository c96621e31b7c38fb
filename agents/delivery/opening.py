"""Where a partition begins: at its committed position, or as near to it as the log still allows."""

import structlog

from agents.delivery.port import Bounds


def first_position(wanted: int | None, bounds: Bounds, log: structlog.stdlib.BoundLogger) -> int:
    """The offset to fetch from.

    Without a position, it is the first record that is there: a group that is new, or whose offsets
    have expired (Kafka keeps those of a group without members for `offsets.retention.minutes`),
    delivers all that the topic holds. That repeats rather than loses. A position that the log no
    longer has is the operator's business, and said loudly; there is nothing to go back to, so the
    partition goes on.
    """
    if wanted is None:
        log.info("delivery.without-position", begins_at=bounds.start)
        return bounds.start
    if wanted < bounds.start:
        log.error(
            "delivery.records-gone",
            reason="the topic's retention has removed records before they were delivered",
            position=wanted,
            begins_at=bounds.start,
            records_at_most=bounds.start - wanted,
        )
        return bounds.start
    if wanted > bounds.end:
        log.error(
            "delivery.position-beyond-end",
            reason="the topic was made anew or has lost records; all that it holds is delivered",
            position=wanted,
            end=bounds.end,
            begins_at=bounds.start,
        )
        return bounds.start
    return wanted
