"""Where biolatch keeps what it can fetch again: a cache of the user, outside of any project."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for biolatch; it need not exist yet.

    Environment `BIOLATCH_CACHE` decides; without it the convention of the platform does (macOS:
    `~/Library/Caches`, elsewhere `XDG_CACHE_HOME` or `~/.cache`).
    """
    if chosen := os.environ.get("BIOLATCH_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "biolatch"
    # The XDG base directory specification says that a relative path there is to be ignored.
    conventional = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = conventional if conventional.is_absolute() else Path.home() / ".cache"
    return base / "biolatch"
