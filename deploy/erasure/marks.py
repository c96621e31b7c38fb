"""Whether the mark of an erasure stands, since when, and whether it says to others whose it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agents.core.state import DeviceState
from agents.device_rows import decode_row
from agents.erasure_keys import ErasureKeys
from agents.row_places import ERASED_PREFIX
from deploy.records.topic_record import TopicRecord
from events.errors import InvariantBroken


class MarkKind(StrEnum):
    """How a mark stands."""

    KEYED = "keyed"
    OLDER_KEY = "older_key"
    """Under a key that is not the current one; the device's next event moves it."""
    CLEAR = "clear"
    """From before there was a key; the device's next event moves it."""
    INSIDE = "inside"
    """The device was erased and has come back: its mark is in the row that it has now."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that stands: how, and the instant up to which nothing comes back."""

    kind: MarkKind
    erased_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rows say of a device or user.

    Attributes:
        mark: None where there is none, or none that these keys find.
        is_alive: the device has a row of its own that holds more than its mark; or, asked about a
            user, the user stands in it.
    """

    mark: Mark | None
    is_alive: bool


class RowKeys:
    """Under which keys of the changelog a device may have its row."""

    def __init__(self, device_id: str, keys: ErasureKeys | None) -> None:
        """Look for this device with these keys."""
        self._device_id = device_id
        self._keys = keys
        self._clear = device_id.encode()
        marks = () if keys is None else keys.device_marks(device_id)
        self._marked = [ERASED_PREFIX + mark for mark in marks]

    def __contains__(self, key: bytes | None) -> bool:
        """Whether a record of that key is a row of the device."""
        return key == self._clear or key in self._marked

    def standing(self, rows: Iterable[TopicRecord], user_id: str | None) -> Standing:
        """What the last rows of the device, in whatever partitions, say of it or of a user."""
        mark: Mark | None = None
        is_alive = False
        for record in rows:
            state = _state(record)
            if state is None or record.key is None:
                continue
            found, alive = self._of_row(record.key, state, user_id)
            is_alive |= alive
            if found is not None and (mark is None or found.erased_ms > mark.erased_ms):
                mark = found
        return Standing(mark, is_alive)

    def _of_row(
        self, key: bytes, state: DeviceState, user_id: str | None
    ) -> tuple[Mark | None, bool]:
        is_bare = state == DeviceState(erased_ms=state.erased_ms, watermark=state.watermark)
        whole: Mark | None = None
        if state.erased_ms is not None:
            whole = Mark(self._kind_of(key, is_bare=is_bare), state.erased_ms)
        if user_id is None:
            return whole, key == self._clear and not is_bare
        return self._of_user(state, user_id) or whole, state.user(user_id) is not None

    def _of_user(self, state: DeviceState, user_id: str) -> Mark | None:
        keys = self._keys
        names = (user_id,) if keys is None else keys.user_marks(self._device_id, user_id)
        for each in state.erased_users:
            if each.user_id == user_id:
                return Mark(MarkKind.CLEAR, each.at_ms)
            if each.user_id in names:
                is_current = each.user_id == names[0]
                return Mark(MarkKind.KEYED if is_current else MarkKind.OLDER_KEY, each.at_ms)
        return None

    def _kind_of(self, key: bytes, *, is_bare: bool) -> MarkKind:
        if key == self._clear:
            return MarkKind.CLEAR if is_bare else MarkKind.INSIDE
        return MarkKind.KEYED if key == self._marked[0] else MarkKind.OLDER_KEY


def _state(record: TopicRecord) -> DeviceState | None:
    if record.value is None:
        return None
    try:
        return decode_row(record.value)
    except InvariantBroken:  # of a newer version, which has its own report
        return None
