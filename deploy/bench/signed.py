"""Drains of signed input, beside what the bare verification of its signatures would take.

Each begins on an empty Kafka of its own, with the load of the first drain of the run. Who signs and
with what is a mode; whoever adds one adds it to `MODES`.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from joserfc.jwk import ECKey, Key, OctKey

from agents.settings import PREFIX, Settings
from deploy.bench.bench_kafka import bench_kafka, own_topics
from deploy.bench.event_records import event_record
from deploy.bench.machine import usable_cores
from deploy.bench.phone_history import PhoneHistory
from deploy.bench.raw_verification import Algorithm, RawRate, mean_of, raw_rate
from deploy.bench.report import BenchOptions, SignedDrain
from deploy.bench.stages import Audience, Stage
from deploy.event_signer import EventSigner
from deploy.records.connection import Connection
from deploy.records.publisher import KeyedRecord
from deploy.records.reader import TopicReader
from schemas.signatures import canonical_form
from schemas.topics import topology

_KID: Final = "bench"
_INPUTS: Final = 1000
"""Events of the load that the bare verification verifies, again and again."""


class Signing(NamedTuple):
    """How the load of a mode is signed, and what a worker needs to verify it.

    Attributes:
        sign: makes a signed record of an unsigned one.
        environment: variables of the worker.
    """

    sign: Callable[[KeyedRecord], KeyedRecord]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Who signs, and with what.

    Attributes:
        algorithm: of every signature.
        prepare: makes the keys, in a folder.
    """

    algorithm: Algorithm
    prepare: Callable[[Path], Signing]


def _publisher(algorithm: Algorithm) -> Mode:
    def prepare(folder: Path) -> Signing:
        key: Key = ECKey.generate_key() if algorithm == "ES256" else OctKey.generate_key(256)
        jwk = {**key.as_dict(private=algorithm == "HS256"), "kid": _KID, "alg": algorithm}
        grants = {_KID: {"event_types": ["*"], "sources": ["*"]}}
        keys_file = folder / f"publisher-{algorithm}.json"
        keys_file.touch(mode=0o600)
        keys_file.write_text(json.dumps({"keys": [jwk], "grants": grants}), encoding="utf-8")
        return Signing(
            EventSigner(_KID, algorithm, key).signed,
            {
                f"{PREFIX}SIGNATURES__MODE": "require",
                f"{PREFIX}SIGNATURES__KEYS_FILE": str(keys_file),
            },
        )

    return Mode(algorithm=algorithm, prepare=prepare)


MODES: Final[Mapping[str, Mode]] = {
    "publisher-hs256": _publisher("HS256"),
    "publisher-es256": _publisher("ES256"),
}


async def measure_signed(
    options: BenchOptions, settings: Settings, audience: Audience, folder: Path
) -> tuple[SignedDrain, ...]:
    """One drain for each mode that the options name, one after another.

    Raises:
        InvariantBroken: an input did not get its one verdict, or a process failed.
        TransientFailure: Kafka cannot be used, or not now.
    """
    return tuple(
        [await _drained(name, options, settings, audience, folder) for name in options.signed]
    )


async def _drained(
    name: str, options: BenchOptions, settings: Settings, audience: Audience, folder: Path
) -> SignedDrain:
    audience.begins(f"{name}: signed input")
    mode = MODES[name]
    topics = topology(settings.application.name)
    data = folder / "signed"
    signing = mode.prepare(folder)
    async with (
        bench_kafka(None, data) as kafka,
        own_topics(kafka, topics, options.partitions),
        TopicReader(Connection(bootstrap_servers=kafka.bootstrap_servers)) as reader,
    ):
        stage = Stage(options, settings, topics, kafka, reader, audience, folder, {})
        load = await stage.prefill(signing.sign)
        before = _raw(mode.algorithm, options, audience)
        async with stage.workers(environment=signing.environment) as workers:
            drained, _ = await stage.drain(workers, load)
        raw = mean_of(before, _raw(mode.algorithm, options, audience))
    shutil.rmtree(data)
    return SignedDrain(
        mode=name,
        algorithm=mode.algorithm,
        events_per_s=drained.events_per_s,
        cpu_us_per_event=drained.worker_cpu_us_per_event,
        raw=raw,
        cores=usable_cores(),
        others=stage.others["drain"],
    )


def _raw(algorithm: Algorithm, options: BenchOptions, audience: Audience) -> RawRate:
    """Of the `cryptography` package, over what is signed of real events; Kafka stands idle."""
    audience.begins(f"{algorithm}: bare verification")
    history = PhoneHistory(seed=options.seed, devices=options.devices)
    records = [event_record(each, at_ms=0) for each in islice(history.enrollments(), _INPUTS)]
    inputs = [canonical_form(each.key, each.value, each.headers) for each in records]
    return raw_rate(algorithm, inputs, cores=usable_cores())
