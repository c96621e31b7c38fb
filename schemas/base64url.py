"""Base64url as JOSE writes it (RFC 7515 section 2): no padding, one text for the same bytes."""

import base64
import binascii


def decode_base64url(text: bytes) -> bytes:
    """The bytes of a text.

    Raises:
        ValueError: it is not base64url, or not in the one form that encodes its bytes: a second
            form would make a second signature out of one.
    """
    try:
        decoded = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != text:
        raise ValueError("not base64url")
    return decoded
