"""A password that lives in a file, and is read each time a connection proves that it knows it.

aiokafka is given a password once and keeps it for all connections to come. It is given this one
instead: a text that is empty wherever it is stored or printed, and gives the file's content when
it is encoded, which aiokafka's SCRAM does at each connection, and nothing else does.
"""

from pathlib import Path
from typing import Self


class UnusableSecret(Exception):  # noqa: N818 - a state of the file, not a mistake of the caller
    """The file holds no secret that could be used; the message says why, never what is in it."""


def read_secret(file: Path) -> str:
    """The secret of a file: its text without the line end behind it.

    Raises:
        UnusableSecret: the file cannot be read, is empty, or is no text.
    """
    try:
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise UnusableSecret(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        # Without the cause, whose text shows the bytes.
        raise UnusableSecret(f"{file} is no UTF-8 text") from None
    if not secret:
        raise UnusableSecret(f"{file} is empty")
    return secret


class PasswordInFile(str):
    """The empty text, which encodes to what its file holds at that moment."""

    __slots__ = ("_file",)
    _file: Path

    def __new__(cls, file: Path) -> Self:
        """Stand for the content of this file."""
        password = super().__new__(cls)
        password._file = file
        return password

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """The file's content now.

        Raises:
            OSError: there is none that could be used; to aiokafka a connection that failed.
        """
        try:
            return read_secret(self._file).encode(encoding, errors)
        except UnusableSecret as error:
            raise OSError(str(error)) from error
