"""The keys under which erased devices and users are remembered, and the marks made with them.

Owns the keyed marks: HMAC-SHA-256 of an id, whole, in a domain of its own. Without the key nobody
can tell from a mark whom it keeps away, or test a guess. A user's mark is bound to the device, so
marks on two devices do not tell that they have a user in common.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.secret_keys import read_secret_keys

USER_MARK_PREFIX: Final = "\0"
"""Begins the name of every keyed mark in a row; no user id can begin so."""

_DOMAIN: Final = b"biolatch erasure mark 1\0"
_KEY_ID_BYTES: Final = 16


class ErasureKeys:
    """Keys of erasure marks: the first one makes marks, the others find those made before.

    Attributes:
        key_ids: by which a partition's rows name the key of their marks; the first key's first.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Use these secrets, of 32 bytes or more, the current one first."""
        self._keys: Final = tuple(keys)
        self.key_ids: Final = tuple(_mac(key, b"key", b"")[:_KEY_ID_BYTES] for key in keys)

    def device_marks(self, device_id: str) -> tuple[bytes, ...]:
        """What an erased device may be remembered as; the current key's first."""
        message = device_id.encode()
        return tuple(_text(_mac(key, b"device", message)) for key in self._keys)

    def user_marks(self, device_id: str, user_id: str) -> tuple[str, ...]:
        """What an erased user of a device may be remembered as; the current key's first.

        The last is the id itself: what was put before there was a key.
        """
        message = f"{device_id}\0{user_id}".encode()
        keyed = (_text(_mac(key, b"user", message)).decode() for key in self._keys)
        return (*(USER_MARK_PREFIX + mark for mark in keyed), user_id)


def _mac(key: bytes, kind: bytes, message: bytes) -> bytes:
    return hmac.digest(key, _DOMAIN + kind + b"\0" + message, "sha256")


def _text(mac: bytes) -> bytes:
    return urlsafe_b64encode(mac).rstrip(b"=")


def read_erasure_keys(path: Path) -> ErasureKeys:
    """The keys of a file: a JWK Set (RFC 7517) of `oct` keys, the current one first.

    Raises:
        Misconfigured: it is missing, is no such file, holds a short key or one key twice, or is
            open to others. The message never says what is in a key.
    """
    return ErasureKeys(
        read_secret_keys(path, code="erasure.keys-file", command="biolatch erasure-key generate")
    )
