"""How often what goes wrong in a simulated run; the chance itself is the world's."""

from dataclasses import dataclass, field


def _all_troubles() -> dict[str, int]:
    return {
        "rebalance": 4,
        "crash": 3,
        "freeze": 3,
        "cut off": 3,
        "transaction expired": 2,
        "worker joins": 1,
        "worker leaves": 1,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Shares of one for each request or batch; seconds of virtual time; weights.

    Attributes:
        lost: a request that never reaches the broker.
        unanswered: one that takes effect, while its answer is lost.
        late: one that its sender has given up before it takes effect.
        late_commit: the same for a request that commits, which ends whatever is open by then.
        hung: one without an answer and without an error.
        crash_at_request: a worker ends just before it sends, or before it reads the answer.
        batch_lost: a fetched batch does not reach its lane.
        batch_doubled: it reaches it twice, the second time late.
        aborted_publishing: records are published in a transaction that is aborted, then again.
        latency_s: the mean way of a request to the broker, and back.
        late_s: the mean time by which a late request is late.
        trouble_s: the mean time between two troubles.
        told_s: the mean time until a worker that was left behind hears of it.
        troubles: what happens to workers and the group, by weight.
        careful_group: no worker with a lane that serves is left behind; any other one learns at
            once that its generation has ended, while its lanes do not.
    """

    lost: float = 0.003
    unanswered: float = 0.003
    late: float = 0.003
    late_commit: float = 0.02
    hung: float = 0.0005
    crash_at_request: float = 0.0005
    batch_lost: float = 0.01
    batch_doubled: float = 0.02
    aborted_publishing: float = 0.1
    latency_s: float = 0.004
    late_s: float = 0.3
    trouble_s: float = 1.5
    told_s: float = 3.0
    troubles: dict[str, int] = field(default_factory=_all_troubles)
    careful_group: bool = False
