"""What happened in a simulated run, in order: a digest of all of it, counts, and its last lines."""

import asyncio
from collections import Counter, deque
from hashlib import blake2b

LAST_LINES = 60


class Trace:
    """Two runs with one digest have taken the same steps at the same times with the same bytes."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._digest = blake2b(digest_size=16)

    def step(self, text: str) -> None:
        """Note a step with its virtual time."""
        line = f"{asyncio.get_running_loop().time():.6f} {text}"
        self.last.append(line)
        self._digest.update(line.encode())

    def fault(self, kind: str, text: str = "") -> None:
        """Note and count something that went wrong on purpose."""
        self.counts[kind] += 1
        self.step(f"{kind} {text}")

    def content(self, *parts: object) -> None:
        """Add to the digest what a run has left behind."""
        self._digest.update(repr(parts).encode())

    def digest(self) -> str:
        """The digest of everything so far."""
        return self._digest.hexdigest()
