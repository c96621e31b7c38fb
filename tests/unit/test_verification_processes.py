"""Processes that verify: what they say, and what becomes of them and of whoever asked."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agents.verification import Signed, VerifyingKey, verifier, wrong_of
from agents.verification_processes import VerificationProcesses

_DER = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def some() -> tuple[Signed, ...]:
    """Forty signatures by two algorithms; every fifth was made of something else."""
    elliptic, edwards = generate_private_key(SECP256R1()), Ed25519PrivateKey.generate()
    made = []
    for place in range(40):
        text = b"text %d" % place
        signed = b"other" if place % 5 == 0 else text
        if place % 2:
            r, s = decode_dss_signature(elliptic.sign(signed, ECDSA(SHA256())))
            key = VerifyingKey("ES256", elliptic.public_key().public_bytes(*_DER))
            made.append(Signed(place, key, text, r.to_bytes(32) + s.to_bytes(32)))
        else:
            key = VerifyingKey("EdDSA", edwards.public_key().public_bytes(*_DER))
            made.append(Signed(place, key, text, edwards.sign(signed)))
    return tuple(made)


@pytest.fixture
def processes() -> Iterator[VerificationProcesses]:
    with closing(VerificationProcesses(2)) as running:
        yield running


def verifying_processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if "multiprocessing.spawn" in " ".join(child.cmdline())
    ]


async def test_they_say_what_is_said_here(processes: VerificationProcesses) -> None:
    answers = await asyncio.gather(*(processes.wrong_of(some()) for _ in range(10)))
    assert list(answers) == [list(range(0, 40, 5))] * 10
    assert wrong_of(some()) == list(range(0, 40, 5))
    assert verifying_processes()


async def test_few_signatures_are_verified_here(processes: VerificationProcesses) -> None:
    assert await processes.wrong_of(some()[:7]) == [0, 5]
    assert not verifying_processes()


async def test_one_that_is_killed_loses_no_answer(processes: VerificationProcesses) -> None:
    assert await processes.wrong_of(some()) == list(range(0, 40, 5))
    for child in verifying_processes():
        child.kill()
    answers = await asyncio.gather(*(processes.wrong_of(some()) for _ in range(10)))
    assert list(answers) == [list(range(0, 40, 5))] * 10


async def test_a_signal_to_all_of_them_does_not_end_those_that_verify(
    processes: VerificationProcesses,
) -> None:
    assert await processes.wrong_of(some()) == list(range(0, 40, 5))
    running = verifying_processes()
    for child in running:
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
    assert await processes.wrong_of(some()) == list(range(0, 40, 5))
    assert set(running) <= set(verifying_processes())


_WORKER = """
import asyncio
from agents.verification_processes import VerificationProcesses
from tests.unit.test_verification_processes import some

if __name__ == "__main__":
    asyncio.run(VerificationProcesses(1).wrong_of(some()))
    print("asked", flush=True)
    input()
"""


def test_none_outlives_a_worker_that_is_killed() -> None:
    worker = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _WORKER], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"asked\n"
        children = psutil.Process(worker.pid).children(recursive=True)
        assert children
        os.kill(worker.pid, signal.SIGKILL)
        gone, alive = psutil.wait_procs(children, timeout=30)
        assert (len(gone), alive) == (len(children), [])


def test_a_key_that_is_none_of_its_algorithm_is_refused() -> None:
    edwards = VerifyingKey("ES256", some()[0].key.material)
    with pytest.raises(ValueError, match="no key of ES256"):
        verifier(edwards)
