"""The rows of an opened partition: what is decided on, and what outlives the session.

Owns the little that a lane, its log and a store agree on. In memory by default: then an opening
reads the whole changelog, and nothing outlives the session.
"""

from collections.abc import Mapping
from typing import Protocol


class LaneRows(Protocol):
    """The rows of one partition, reserved keys included, with all that was decided.

    They lead the log: `change` comes with a decision, `keep` when that is committed. Whoever drops
    a session drops its rows, and what was changed and not kept with them.
    """

    @property
    def changelog_offset(self) -> int:
        """Where a recovery goes on reading: everything before it is in these rows."""
        ...

    def get(self, key: bytes, /) -> bytes | None:
        """Return a row; None when there is none.

        Raises:
            LogFailure: it cannot be read on this machine.
        """
        ...

    def __len__(self) -> int:
        """How many there are, reserved ones too; about so many where counting would be slow."""
        ...

    def is_empty(self) -> bool:
        """Whether there is none at all.

        Raises:
            LogFailure: it cannot be read on this machine.
        """
        ...

    def restore(self, changes: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        """Take what the changelog says up to this offset; None deletes a row."""
        ...

    def restored(self) -> None:
        """Hear that the changelog was read to its end."""
        ...

    def change(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Take what was decided; it is not committed."""
        ...

    def keep(self, changes: Mapping[bytes, bytes | None], changelog_offset: int | None) -> None:
        """Hear that what was changed is committed, up to this offset of the changelog.

        None where the offset is not known; the next one that is stands for these changes, too.
        """
        ...

    def close(self) -> None:
        """Let go of what the rows hold. Never raises."""
        ...


class MemoryRows(dict[bytes, bytes]):
    """Rows in memory; a `LaneRows`."""

    changelog_offset = 0

    def is_empty(self) -> bool:
        """See `LaneRows`."""
        return not self

    def restore(self, changes: Mapping[bytes, bytes | None], changelog_offset: int) -> None:  # noqa: ARG002 (of LaneRows)
        """See `LaneRows`."""
        self.change(changes)

    def restored(self) -> None:
        """See `LaneRows`."""

    def change(self, changes: Mapping[bytes, bytes | None]) -> None:
        """See `LaneRows`."""
        for key, value in changes.items():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def keep(self, changes: Mapping[bytes, bytes | None], changelog_offset: int | None) -> None:
        """See `LaneRows`."""

    def close(self) -> None:
        """See `LaneRows`."""
