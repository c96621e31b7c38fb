"""Verifying many signatures at once: the work of a batch spread over the processors."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

_IN_THREADS_FROM: Final = 8
"""Fewer signatures are verified sooner than threads are woken."""

Verification: TypeAlias = Callable[[], bool]


class VerificationThreads:
    """Runs verifications; used from one thread only, and uses others itself."""

    def __init__(self, threads: int | None = None) -> None:
        """Prepare; no thread is started before it is needed.

        Args:
            threads: that verify together with the calling one; as many as there are processors,
                less that one, if not given.
        """
        others = (os.cpu_count() or 1) - 1 if threads is None else threads
        self._pool: Final = (
            ThreadPoolExecutor(others, thread_name_prefix="verify") if others else None
        )
        self._chunks: Final = others + 1

    def outcomes(self, verifications: Sequence[Verification]) -> list[bool]:
        """Run them all; the outcome of each, in order."""
        pool = self._pool
        if pool is None or len(verifications) < _IN_THREADS_FROM:
            return [verify() for verify in verifications]
        chunks = [verifications[start :: self._chunks] for start in range(self._chunks)]
        elsewhere = [pool.submit(_outcomes, chunk) for chunk in chunks[1:]]
        outcomes = [False] * len(verifications)
        outcomes[:: self._chunks] = _outcomes(chunks[0])
        for start, future in enumerate(elsewhere, start=1):
            outcomes[start :: self._chunks] = future.result()
        return outcomes


def _outcomes(verifications: Sequence[Verification]) -> list[bool]:
    return [verify() for verify in verifications]
