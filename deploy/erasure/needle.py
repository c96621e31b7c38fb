"""An id, searched for in bytes that may be anything.

Owns what counts as finding it: in UTF-8 or UTF-16, escaped as JSON or not, and not as a part of a
longer word, so that `phone-1` is not found in `phone-10`.
"""

import re
from typing import Final

_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|([\"\\/]))")
_WORD: Final = rb"[0-9A-Za-z]"


class Needle:
    """One id."""

    def __init__(self, wanted: str) -> None:
        """Search for this id, which is printable ASCII."""
        plain = wanted.encode()
        self.key: Final = plain
        # A neighbour that could belong to the id makes it another id.
        before = b"(?<!" + _WORD + b")" if wanted[:1].isalnum() else b""
        after = b"(?!" + _WORD + b")" if wanted[-1:].isalnum() else b""
        self._plain: Final = plain
        self._whole: Final = re.compile(before + re.escape(plain) + after)
        self._wide: Final = plain.decode().encode("utf-16-le")

    def is_in(self, data: bytes | None) -> bool:
        """Whether the bytes hold the id."""
        if not data:
            return False
        if self._plain in data and self._whole.search(data):
            return True
        if b"\\" in data and self._whole.search(_ESCAPE.sub(_unescaped, data)):
            return True
        # Little and big endian are the same bytes but for one end.
        return self._wide[:-1] in data


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[2] is not None:
        return found[2]
    point = int(found[1], 16)
    return bytes([point]) if point < 0x80 else b"?"  # noqa: PLR2004 (the end of ASCII: ids end there)
