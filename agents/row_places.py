"""Where a device's row stands: under its own id, or, once only its erasure is left, under a mark.

Owns the keys of rows. Invariant: a device has one row at any time. With keys of erasure marks, no
id of an erased device or user stays in any row; without, marks stay in clear. Rows from before
there was a key, or under an older one, are found, and move with the next event of their device.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from agents.core.state import DeviceState, ErasureMark
from agents.core.user_marks import clear_marks
from agents.erasure_keys import USER_MARK_PREFIX, ErasureKeys
from agents.lane.port import RESERVED_KEY_PREFIX, Rows
from events.errors import Misconfigured

ERASED_PREFIX: Final = RESERVED_KEY_PREFIX + b"erased/"
"""Begins the key of an erased device's row; a device id cannot begin so."""

KEY_ID_KEY: Final = RESERVED_KEY_PREFIX + b"erasure-key"
"""Under it a partition keeps the id of the key that made its latest marks."""


class Place(NamedTuple):
    """Where a row stands, and what is in it."""

    key: bytes
    row: bytes


class RowPlaces:
    """Finds rows and says where they belong."""

    __slots__ = ("_keys",)

    def __init__(self, keys: ErasureKeys | None) -> None:
        """Mark erased devices and users with these keys; without any, in clear."""
        self._keys: Final = keys

    def user_marks(self, device_id: str, user_id: str) -> tuple[str, ...]:
        """The names that a user's mark may have (`agents.core.user_marks.UserMarks`)."""
        keys = self._keys
        if keys is None:
            return clear_marks(device_id, user_id)
        return keys.user_marks(device_id, user_id)

    def key_id_to_write(self, rows: Rows, *, has_new_mark: bool) -> bytes | None:
        """The id of the current key, where the partition does not name it and has to."""
        keys = self._keys
        if keys is None:
            return None
        known = rows.get(KEY_ID_KEY)
        if known is None and not has_new_mark:
            return None
        return None if known == keys.key_ids[0] else keys.key_ids[0]

    def require_keys(self, rows: Rows) -> None:
        """Refuse to decide without the key of the partition's marks: whom would it let back in?

        Raises:
            Misconfigured: the key is not among ours, or we have none.
        """
        known = rows.get(KEY_ID_KEY)
        if known is None:
            return
        keys = self._keys
        if keys is None:
            raise Misconfigured(
                "erasure.key-missing",
                "the rows hold marks of erased devices that only a key can read; set "
                "BIOLATCH_ERASURE__MARK_KEYS_FILE as it is set where they were made",
            )
        if known not in keys.key_ids:
            raise Misconfigured(
                "erasure.key-unknown",
                "the rows hold marks of erased devices under a key that is not in "
                "BIOLATCH_ERASURE__MARK_KEYS_FILE; add that key to the file",
            )

    def find(self, rows: Rows, device_id: str) -> Place | None:
        """The row of a device, wherever it stands."""
        key = device_id.encode()
        row = rows.get(key)
        if row is not None:
            return Place(key, row)
        if self._keys is not None:
            for mark in self._keys.device_marks(device_id):
                key = ERASED_PREFIX + mark
                row = rows.get(key)
                if row is not None:
                    return Place(key, row)
        return None

    def key_of(self, device_id: str, state: DeviceState) -> bytes:
        """Where a row with this state belongs."""
        keys = self._keys
        if keys is None or state.erased_ms is None or not _is_only_erased(state):
            return device_id.encode()
        return ERASED_PREFIX + keys.device_marks(device_id)[0]

    def named(self, device_id: str, state: DeviceState) -> DeviceState:
        """The state without the clear id of an erased user."""
        keys = self._keys
        if keys is None or not any(map(_is_clear, state.erased_users)):
            return state
        return replace(
            state,
            erased_users=tuple(
                replace(mark, user_id=keys.user_marks(device_id, mark.user_id)[0])
                if _is_clear(mark)
                else mark
                for mark in state.erased_users
            ),
        )


def is_keyed(mark: ErasureMark) -> bool:
    """Whether a mark's name tells nobody whose it is."""
    return mark.user_id.startswith(USER_MARK_PREFIX)


def _is_clear(mark: ErasureMark) -> bool:
    return not is_keyed(mark)


def _is_only_erased(state: DeviceState) -> bool:
    return state == DeviceState(erased_ms=state.erased_ms, watermark=state.watermark)
