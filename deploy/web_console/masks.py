"""Ids that say nothing to whoever may not see them, and still tell one from another.

A mask is a keyed hash (BLAKE2b), the same for the same id under one key. Masks stand wherever ids
must not: on a viewer's pages, in addresses, in the log. So a device is found by its mask only while
the console remembers having shown it, or by its id, which is typed in.
"""

import base64
import hashlib
import secrets
from collections import OrderedDict
from enum import StrEnum
from pathlib import Path
from typing import Final

from agents.key_file import read_key_file
from events.errors import Misconfigured

_DIGEST_BYTES: Final = 5
_KEY_BYTES_MIN: Final = 16
_KEY_BYTES_MAX: Final = hashlib.blake2b.MAX_KEY_SIZE
_REMEMBERED_MAX: Final = 50_000


class IdKind(StrEnum):
    """What an id names; the mask begins with it."""

    DEVICE = "device"
    USER = "user"
    LOGIN = "login"
    KEY = "key"


class Masks:
    """Makes masks under one key."""

    def __init__(self, key: bytes) -> None:
        """Take the key: at most 64 bytes."""
        self._key: Final = key

    def of(self, kind: IdKind, text: str) -> str:
        """The mask of an id: `device-k3f9x2p7`."""
        digest = hashlib.blake2b(
            text.encode(), key=self._key, digest_size=_DIGEST_BYTES, person=kind.encode()
        ).digest()
        return f"{kind}-{base64.b32encode(digest).decode('ascii').lower()}"


class KnownDevices:
    """The devices whose masks have been shown; the one shown longest ago is forgotten first."""

    def __init__(self, masks: Masks) -> None:
        """Begin with none."""
        self._masks: Final = masks
        self._by_mask: Final[OrderedDict[str, str]] = OrderedDict()

    def mask_of(self, device: str) -> str:
        """The device's mask, remembered from now on."""
        mask = self._masks.of(IdKind.DEVICE, device)
        self._by_mask[mask] = device
        self._by_mask.move_to_end(mask)
        if len(self._by_mask) > _REMEMBERED_MAX:
            self._by_mask.popitem(last=False)
        return mask

    def device_of(self, mask: str) -> str | None:
        """Whose mask that is; None where it is not, or no longer, known."""
        return self._by_mask.get(mask)


def read_mask_key(path: Path | None) -> bytes:
    """The key in the file; without a file one that nobody knows and that ends with this process.

    Raises:
        Misconfigured: the file cannot be used as a secret.
    """
    if path is None:
        return secrets.token_bytes(_KEY_BYTES_MAX)
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"it cannot be read: {error.strerror}") from error
    if file.is_exposed:
        raise _unusable(path, "others can read it; `chmod 600` mends it")
    key = file.content.strip()
    if len(key) < _KEY_BYTES_MIN:
        raise _unusable(path, f"it holds fewer than {_KEY_BYTES_MIN} bytes")
    return hashlib.sha512(key).digest()


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("console.mask-key-unusable", f"the file of the mask key {path}: {why}")
