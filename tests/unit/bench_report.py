"""A benchmark's report, made up."""

from deploy.bench.baselines import Baseline
from deploy.bench.drain import Drained
from deploy.bench.machine import Machine
from deploy.bench.raw_verification import RawRate
from deploy.bench.report import BenchOptions, Report, Scaled, SignedDrain


def scaled(*, workers: int = 1, devices: int = 10, partitions: int = 4, cost: float) -> Scaled:
    return Scaled(
        workers=workers,
        devices=devices,
        partitions=partitions,
        events_per_s=100.0,
        cpu_us_per_event=cost,
        broker_cpu_us_per_event=None,
        resident_bytes_max=1,
        others=0.0,
        pace_ms=20.0,
    )


REPORT = Report(
    options=BenchOptions(
        events=1000,
        devices=100,
        partitions=4,
        seed=1,
        latency_s=0,
        latency_warm_up_s=0,
        baseline_s=2,
        scaling_devices=10,
    ),
    machine=Machine(
        processor="a processor",
        cores=2,
        memory_bytes=1,
        system="a system",
        python="3.11",
        kafka="4.1.2",
        load_before=0.0,
        pace_ms=20.0,
    ),
    drained=Drained(
        events=1000,
        seconds=1.0,
        events_per_s=41_234.0,
        worker_cpu_us_per_event=20.0,
        broker_cpu_us_per_event=5.0,
        resident_bytes_max=1,
        verdicts={"biolatch.verdict.accepted.v1": 1000},
    ),
    bytes_per_event={},
    latency=None,
    baselines=(
        Baseline(
            name="another, slower", events=1, seconds=1.0, events_per_s=4123.0, cpu_us_per_event=200
        ),
    ),
    scaling=(
        scaled(cost=20.0),
        scaled(devices=100, cost=21.5),
        scaled(devices=1000, cost=22.5),
        scaled(partitions=1, cost=19.5),
        scaled(partitions=12, cost=23.5),
        scaled(workers=2, cost=24.5),
    ),
    signed=(
        SignedDrain(
            mode="publisher-es256",
            algorithm="ES256",
            events_per_s=13_500.0,
            cpu_us_per_event=130.0,
            raw=RawRate(one_thread=9_000.0, all_cores=18_000.0, cpu_us=105.0),
            cores=2,
            others=0.0,
        ),
    ),
    others={},
    took_s=1.0,
)
