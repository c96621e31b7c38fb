"""Records as lines for people: columns on a terminal, whole lines in a pipe."""

import sys
from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.text import Text

from deploy.inspection.instants import second_of
from deploy.inspection.record_words import words_for
from deploy.inspection.visible_text import visible
from deploy.records.topic_record import TopicRecord
from schemas import topics

_DEVICE_WIDTH_MIN: Final = 16
_DEVICE_WIDTH_MAX: Final = 36
_NARROW: Final = 80
_KIND_WIDTH: Final[Mapping[str, int]] = {
    topics.DEVICE_EVENTS: 20,
    topics.VERDICTS: 11,
    topics.DECISIONS: 18,
    topics.DEVICE_STATE: 9,
    topics.DEAD_LETTERS: 28,
    topics.SECURITY_EVENTS: 31,
}
_GAP: Final = "  "


class RecordLines:
    """Prints records, one line each."""

    def __init__(self, console: Console, topic: str, *, with_device: bool) -> None:
        """Choose the columns.

        Args:
            console: where; if it is no terminal, nothing is cut and nothing is coloured.
            topic: whose records.
            with_device: whether the device needs saying.
        """
        self._console = console
        self._kind_width = _KIND_WIDTH.get(topic, 0)
        room = console.width - _NARROW + _DEVICE_WIDTH_MIN
        self._device_width = (
            min(max(room, _DEVICE_WIDTH_MIN), _DEVICE_WIDTH_MAX) if with_device else 0
        )

    def show(self, record: TopicRecord) -> None:
        """Print one record."""
        words = words_for(record)
        device = visible(record.key)
        if not self._console.is_terminal:
            parts = [second_of(record.timestamp_ms), words.kind.ljust(self._kind_width)]
            if self._device_width:
                parts.insert(1, device.ljust(self._device_width))
            sys.stdout.write(_GAP.join([*parts, words.about]).rstrip() + "\n")
            return
        line = Text(second_of(record.timestamp_ms), style="dim", end="")
        if self._device_width:
            cut = Text(device, style="")
            cut.truncate(self._device_width, overflow="ellipsis", pad=True)
            line = Text.assemble(line, _GAP, cut)
        kind = (words.kind.ljust(self._kind_width), words.tone.value)
        line = Text.assemble(line, _GAP, kind, _GAP, words.about)
        self._console.print(line, no_wrap=True, overflow="ellipsis")
