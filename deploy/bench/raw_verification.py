"""How many signatures the `cryptography` package verifies here, with nothing around it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Final, Literal, TypeAlias, assert_never

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

Algorithm: TypeAlias = Literal["ES256", "HS256"]

_SECONDS: Final = 1.0
_BETWEEN_LOOKS: Final = 100
_SECRET: Final = bytes(range(32))

_Verify: TypeAlias = Callable[[], None]
"""Raises where the signature is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRate:
    """Signatures verified a second.

    Attributes:
        one_thread: by one thread.
        all_cores: by as many threads as this process may use cores.
        cpu_us: processor time of one, in one thread.
    """

    one_thread: float
    all_cores: float
    cpu_us: float

    @property
    def best(self) -> float:
        """The higher of the two: for short work, threads stand in each other's way."""
        return max(self.one_thread, self.all_cores)


def raw_rate(algorithm: Algorithm, inputs: Sequence[bytes], *, cores: int) -> RawRate:
    """Measure for two seconds; nothing else should run meanwhile.

    Args:
        algorithm: which signatures.
        inputs: what is signed, by one key.
        cores: how many this process may use.
    """
    checks = _checks(algorithm, inputs)
    began_cpu_s = time.thread_time()
    count, seconds = _verified(checks)
    cpu_us = (time.thread_time() - began_cpu_s) / count * 1_000_000
    with ThreadPoolExecutor(cores) as pool:
        together = list(pool.map(_verified, [checks] * cores))
    return RawRate(
        one_thread=count / seconds,
        all_cores=sum(each / took_s for each, took_s in together),
        cpu_us=cpu_us,
    )


def mean_of(before: RawRate, after: RawRate) -> RawRate:
    """What holds for the time between two measurements, as far as one can say."""
    return RawRate(
        one_thread=(before.one_thread + after.one_thread) / 2,
        all_cores=(before.all_cores + after.all_cores) / 2,
        cpu_us=(before.cpu_us + after.cpu_us) / 2,
    )


def _verified(checks: Sequence[_Verify]) -> tuple[int, float]:
    """How many were verified, in how many seconds."""
    began_s = time.perf_counter()
    count, endless = 0, cycle(checks)
    while (seconds := time.perf_counter() - began_s) < _SECONDS:
        for check in islice(endless, _BETWEEN_LOOKS):
            check()
        count += _BETWEEN_LOOKS
    return count, seconds


def _checks(algorithm: Algorithm, inputs: Sequence[bytes]) -> list[_Verify]:
    match algorithm:
        case "ES256":
            key, kind = generate_private_key(SECP256R1()), ECDSA(SHA256())
            public: EllipticCurvePublicKey = key.public_key()
            return [partial(public.verify, key.sign(each, kind), each, kind) for each in inputs]
        case "HS256":
            return [partial(_verify_hmac, each, _hmac(each).finalize()) for each in inputs]
        case _:
            assert_never(algorithm)


def _hmac(signed: bytes) -> HMAC:
    code = HMAC(_SECRET, SHA256())
    code.update(signed)
    return code


def _verify_hmac(signed: bytes, code: bytes) -> None:
    _hmac(signed).verify(code)
