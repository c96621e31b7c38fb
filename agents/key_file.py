"""Files that may hold a secret: what is in one, who else can get at it, and which one it was.

Owns what rights are too many, and the one look at a file: content, rights and identity are those of
the same open file, also when the path leads to another one a moment later.
"""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

_BYTES_MAX: Final = 1024 * 1024
_ANYBODY_ELSE: Final = 0o077
_ALL_BUT_READING_GROUP: Final = 0o037
_EVERYBODY: Final = stat.S_IRWXO
_EVERYBODY_WRITES: Final = stat.S_IWOTH

Version: TypeAlias = tuple[int, int, int, int, int]
"""Another one whenever the file is written, replaced, or its rights change."""


class KeyFile(NamedTuple):
    """A file as it was when it was read.

    Attributes:
        content: its bytes.
        version: which one it was; see `version_of`.
        is_exposed: whether others can get at a secret in it. Its owner alone may, and where the
            owner is somebody else (as with Kubernetes' secrets), the group may read it, too.
        is_anybodys: whether everybody may change it.
    """

    content: bytes
    version: Version
    is_exposed: bool
    is_anybodys: bool


def read_key_file(path: Path) -> KeyFile:
    """Read the file that the path leads to now.

    Raises:
        OSError: it cannot be read, or is too large to be a file of keys.
    """
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        content = file.read(_BYTES_MAX + 1)
    if len(content) > _BYTES_MAX:
        raise OSError(0, f"it is larger than {_BYTES_MAX} bytes")
    mode = stat.S_IMODE(about.st_mode)
    forbidden = _ANYBODY_ELSE if about.st_uid == os.geteuid() else _ALL_BUT_READING_GROUP
    return KeyFile(content, _version(about), bool(mode & forbidden), bool(mode & _EVERYBODY_WRITES))


def is_open_to_everybody(path: Path) -> bool:
    """Whether every user of the machine can get at the file.

    Its group is not asked about: for files that others write, as those that prove to brokers who we
    are, which a container that does not run as root reads by its group.

    Raises:
        OSError: there is no such file.
    """
    return bool(path.stat().st_mode & _EVERYBODY)


def version_of(path: Path) -> Version | None:
    """Of the file that the path leads to, through links; None while there is none."""
    try:
        return _version(path.stat())
    except OSError:
        return None


def _version(about: os.stat_result) -> Version:
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_ctime_ns, about.st_size
