"""Ids as somebody may see them: in clear for operators, as masks for everybody else."""

from typing import Final

from deploy.web_console.identity import Identity
from deploy.web_console.masks import IdKind, KnownDevices, Masks


class Shown:
    """What one user sees of ids.

    Attributes:
        is_clear: whether it is the ids themselves.
    """

    def __init__(self, who: Identity, masks: Masks, devices: KnownDevices) -> None:
        """For this user."""
        self.is_clear: Final = who.is_operator
        self._masks: Final = masks
        self._devices: Final = devices

    def name(self, kind: IdKind, text: str) -> str:
        """An id of a user, a login or a key; empty where there is none."""
        if not text or self.is_clear:
            return text
        return self._masks.of(kind, text)

    def user(self, user_id: str) -> str:
        """A user's id."""
        return self.name(IdKind.USER, user_id)

    def device(self, device: str) -> str:
        """A device's id."""
        if not device or self.is_clear:
            return device
        return self._devices.mask_of(device)

    def reference(self, device: str) -> str:
        """How an address names a device: always masked, for addresses are kept by many."""
        return self._devices.mask_of(device)
