"""The keys under which ids are masked in the security feed, and the masks made with them.

Owns the masks: HMAC-SHA-256 of an id, whole, in a domain of its own for each kind of id. Without
the key nobody can tell from a mask whose it is, or test a guess. A user has one mask on all
devices, so that what happens to a user can be seen as a whole.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.secret_keys import read_secret_keys
from schemas.ocsf.masking import IdKind, Masked

_DOMAIN: Final = b"biolatch security feed 1\0"
_KEY_ID_BYTES: Final = 6


class FeedKeys:
    """Keys of the feed: the first one masks, the second one makes the other mask beside it.

    Attributes:
        key_ids: begin the masks that a key makes; the first key's first.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Use these secrets, of 32 bytes or more, the current one first."""
        self._keys: Final = tuple(keys)
        self.key_ids: Final = tuple(
            _text(_mac(key, b"key", b"")[:_KEY_ID_BYTES]) for key in self._keys
        )

    def __call__(self, kind: IdKind, identifier: str, /) -> Masked:
        """Mask an id: `<key id>.<HMAC-SHA-256, base64url>`, the same id always to the same."""
        return Masked(*self.masks(kind, identifier)[:2])

    def masks(self, kind: IdKind, identifier: str) -> tuple[str, ...]:
        """The masks of an id under every key, the current one's first."""
        message = identifier.encode(errors="surrogatepass")
        return tuple(
            f"{key_id}.{_text(_mac(key, kind.value.encode(), message))}"
            for key_id, key in zip(self.key_ids, self._keys, strict=True)
        )


def _mac(key: bytes, kind: bytes, message: bytes) -> bytes:
    return hmac.digest(key, _DOMAIN + kind + b"\0" + message, "sha256")


def _text(mac: bytes) -> str:
    return urlsafe_b64encode(mac).rstrip(b"=").decode()


def read_feed_keys(path: Path) -> FeedKeys:
    """The keys of a file: a JWK Set (RFC 7517) of `oct` keys, the current one first.

    Raises:
        Misconfigured: it is missing, is no such file, holds a short key or one key twice, or is
            open to others. The message never says what is in a key.
    """
    return FeedKeys(
        read_secret_keys(path, code="analytics.keys-file", command="biolatch feed-key generate")
    )
