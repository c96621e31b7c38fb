"""Drains of signed input, beside what the bare verification of its signatures would take.

Each begins on an empty Kafka of its own, with the load of the first drain of the run. Who signs and
with what is a mode; whoever adds one adds it to `MODES`.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from joserfc.jwk import ECKey, Key, OctKey

from agents.settings import PREFIX, Settings
from deploy.bench.bench_kafka import bench_kafka, own_topics
from deploy.bench.drain import Drained
from deploy.bench.event_records import event_record
from deploy.bench.machine import usable_cores
from deploy.bench.phone_history import PhoneHistory
from deploy.bench.raw_verification import Algorithm, RawRate, mean_of, raw_rate
from deploy.bench.report import BenchOptions, SignedDrain
from deploy.bench.stages import Audience, Stage
from deploy.device_signer import DeviceSigner
from deploy.event_signer import EventSigner
from deploy.records.connection import Connection
from deploy.records.publisher import KeyedRecord
from deploy.records.reader import TopicReader
from events.errors import InvariantBroken
from events.facts import AttemptFinished, EnrollmentSubmitted
from events.verdicts import Refused
from events.vocabulary import RefusedReason
from schemas.inputs import decode
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


def _device() -> Mode:
    def prepare(_: Path) -> Signing:
        return Signing(
            partial(_signed_by_a_device, DeviceSigner()),
            {f"{PREFIX}POLICY__DEVICE_SIGNATURES": "required"},
        )

    return Mode(algorithm="ES256", prepare=prepare)


def _signed_by_a_device(signer: DeviceSigner, record: KeyedRecord) -> KeyedRecord:
    """The record with the phone's signature, where its event carries one: 91 of a hundred do.

    All phones have one key here, which a worker does not know.
    """
    fact = decode(record.key, record.value, record.headers, timestamp_ms=0, offset=0)
    match fact.data:
        case AttemptFinished():
            sign = signer.signed_attempt
        case EnrollmentSubmitted():
            sign = signer.signed_enrollment
        case _:
            return record
    data: dict[str, Any] = msgspec.json.decode(record.value or b"")
    signed = sign(
        fact.device_id,
        fact.event_id,
        data,
        challenge=fact.event_id,
        issued_s=fact.occurred_at_ms // 1000,
    )
    return KeyedRecord(record.key, msgspec.json.encode(signed), record.headers)


MODES: Final[Mapping[str, Mode]] = {
    "publisher-hs256": _publisher("HS256"),
    "publisher-es256": _publisher("ES256"),
    "device-es256": _device(),
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
        _require_right(drained)
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


def _require_right(drained: Drained) -> None:
    """Whether every signature was taken for right; a publisher's would have no verdict at all."""
    kind = f"{Refused.event_type} {RefusedReason.SIGNATURE_INVALID}"
    if wrong := drained.verdicts.get(kind, 0):
        raise InvariantBroken("bench.signature-refused", f"{wrong} signatures were refused")


def _raw(algorithm: Algorithm, options: BenchOptions, audience: Audience) -> RawRate:
    """Of the `cryptography` package, over what is signed of real events; Kafka stands idle."""
    audience.begins(f"{algorithm}: bare verification")
    history = PhoneHistory(seed=options.seed, devices=options.devices)
    records = [event_record(each, at_ms=0) for each in islice(history.enrollments(), _INPUTS)]
    inputs = [canonical_form(each.key, each.value, each.headers) for each in records]
    return raw_rate(algorithm, inputs, cores=usable_cores())
