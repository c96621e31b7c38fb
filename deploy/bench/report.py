"""Everything that a run has found out."""

from dataclasses import asdict, dataclass

import msgspec

from deploy.bench.baselines import Baseline
from deploy.bench.drain import Drained
from deploy.bench.latency import Latency
from deploy.bench.machine import Machine
from deploy.bench.raw_verification import RawRate
from events.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What to measure.

    Attributes:
        events: to drain, behind the warm-up.
        devices: phones in the crowd.
        partitions: of every topic.
        seed: of the history.
        latency_s: how long latency is measured; 0 leaves it out.
        latency_warm_up_s: at the same rate before that.
        baseline_s: how long stock Faust is measured; 0 leaves the baselines out.
        scaling_devices: phones in the smallest crowd of those that are compared; 0 compares none.
        signed: modes of `deploy.bench.signed` to drain signed input in.
    """

    events: int
    devices: int
    partitions: int
    seed: int
    latency_s: float
    latency_warm_up_s: float
    baseline_s: float
    scaling_devices: int
    signed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A drain beside others that differ in one thing.

    Attributes:
        workers, devices, partitions: what it was made with.
        events_per_s: verdicts that were appended a second.
        cpu_us_per_event: processor time of all workers; None if it was over too soon to tell.
        broker_cpu_us_per_event: the same of the broker.
        resident_bytes_max: the most memory of all workers together.
        others: what other programs took of the machine's processor time meanwhile.
        pace_ms: how fast the machine was, by `deploy.bench.pace`: on average of before and after.
    """

    workers: int
    devices: int
    partitions: int
    events_per_s: float
    cpu_us_per_event: float | None
    broker_cpu_us_per_event: float | None
    resident_bytes_max: int
    others: float
    pace_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDrain:
    """A drain of signed input, every signature verified.

    Attributes:
        mode: who signed and with what, by its name in `deploy.bench.signed`.
        algorithm: of the signatures.
        events_per_s: verdicts that were appended a second.
        cpu_us_per_event: processor time of the worker; None if it was over too soon to tell.
        raw: what the `cryptography` package alone reaches, on the same cores before and after.
        cores: how many those are.
        others: what other programs took of the machine's processor time meanwhile.
    """

    mode: str
    algorithm: str
    events_per_s: float
    cpu_us_per_event: float | None
    raw: RawRate
    cores: int
    others: float

    @property
    def raw_ratio(self) -> float:
        """Events a second as a share of the bare verifications a second."""
        return self.events_per_s / self.raw.best


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a run.

    Attributes:
        scaling: drains that differ from the first of them in one thing each; may be none.
        signed: drains of signed input; may be none.
        others: by stage, what other programs took of the machine's processor time meanwhile.
        bytes_per_event: by topic, what the worker wrote for each input, compressed as on disk;
            names of Kafka's own topics begin with `__`. Empty where the broker is not ours.
    """

    options: BenchOptions
    machine: Machine
    drained: Drained
    bytes_per_event: dict[str, float]
    latency: Latency | None
    baselines: tuple[Baseline, ...]
    scaling: tuple[Scaled, ...]
    signed: tuple[SignedDrain, ...] = ()
    others: dict[str, float]
    took_s: float

    def ratio(self, baseline: Baseline) -> float:
        """How many times as many events a second as the baseline."""
        return self.drained.events_per_s / baseline.events_per_s

    def cpu_ratio(self, baseline: Baseline) -> float | None:
        """How many times as many events for a second of processor time as the baseline."""
        own_us = self.drained.worker_cpu_us_per_event
        return baseline.cpu_us_per_event / own_us if own_us else None

    def cost_ratio(self, scaled: Scaled) -> float | None:
        """Processor time per event, as a multiple of the first drain's."""
        first = self.scaling[0].cpu_us_per_event
        return scaled.cpu_us_per_event / first if first and scaled.cpu_us_per_event else None

    def signed_ratio(self, signed: SignedDrain) -> float:
        """Events a second as a share of the unsigned ones of the first drain."""
        return signed.events_per_s / self.drained.events_per_s

    def for_machines(self) -> dict[str, object]:
        """All of it as plain data."""
        return {
            **asdict(self),
            "drained": {
                **asdict(self.drained),
                "events_per_cpu_s": self.drained.events_per_cpu_s,
            },
            "bytes_per_event_total": sum(self.bytes_per_event.values()),
            "baselines": [
                {
                    **asdict(baseline),
                    "ratio": self.ratio(baseline),
                    "cpu_ratio": self.cpu_ratio(baseline),
                }
                for baseline in self.baselines
            ],
            "scaling": [
                {**asdict(scaled), "cost_ratio": self.cost_ratio(scaled)} for scaled in self.scaling
            ],
            "signed": [
                {
                    **asdict(signed),
                    "raw_ratio": signed.raw_ratio,
                    "unsigned_ratio": self.signed_ratio(signed),
                }
                for signed in self.signed
            ],
        }


def read_report(text: bytes) -> Report:
    """The report that `for_machines` told, from its JSON.

    Raises:
        Misconfigured: it is none, or not one of this version.
    """
    try:
        report = msgspec.json.decode(text, type=Report)
    except msgspec.MsgspecError as error:
        raise Misconfigured(
            "bench.no-report", f"this is no report of `biolatch bench --json`: {error}"
        ) from error
    return report
