"""What somebody wants to see of the feed."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from deploy.web_console.live.feed_row import FeedRow
from deploy.web_console.masks import KnownDevices

_LENGTH_MAX = 200


class FeedFilter(NamedTuple):
    """Each field narrows, and an empty one does not.

    Attributes:
        type: `verdict`, `decision`, `dead-letter`, or one kind of them: `decision.disabled`.
        reason: of the output.
        device: the mask of a device.
        platform: of the phone.
    """

    type: str = ""
    reason: str = ""
    device: str = ""
    platform: str = ""

    @property
    def query(self) -> str:
        """The filter in an address; empty where it lets everything pass."""
        return urlencode({name: value for name, value in self._asdict().items() if value})

    def passes(self, row: FeedRow, devices: KnownDevices) -> bool:
        """Whether a row is wanted."""
        return (
            self.type in ("", row.kind.value, row.type)
            and self.reason in ("", row.reason)
            and self.platform in ("", row.platform)
            and (not self.device or devices.device_of(self.device) == row.device)
        )


def feed_filter(fields: Mapping[str, str]) -> FeedFilter:
    """The filter in the fields of an address or a form; others are left alone."""
    return FeedFilter(*(fields.get(name, "").strip()[:_LENGTH_MAX] for name in FeedFilter._fields))
