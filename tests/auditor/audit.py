"""The differences between what was written and what the design says had to be written.

`differences` replays the whole input log in the reference model and compares every verdict,
decision, dead letter and public state, as a `read_committed` consumer read them; where it is told
of the delivery, also the rows, the positions and the offsets committed for the group. Each
difference is one sentence for people; no sentence means that everything is exact.
"""

from collections.abc import Callable, Sequence

from tests.auditor.audit_commits import commit_differences
from tests.auditor.audit_forms import form_differences
from tests.auditor.audit_letters import letter_differences
from tests.auditor.audit_positions import position_differences
from tests.auditor.audit_rows import row_differences
from tests.auditor.audit_states import StateAudit
from tests.auditor.model import Model
from tests.auditor.policy import Policy
from tests.auditor.records import Delivery, RawRecord, Topics, WireForm

PolicyOf = Callable[[RawRecord], Policy]
"""Under which policy an input record had to be decided: a roll-out changes it amid the log."""


def always(policy: Policy) -> PolicyOf:
    """One policy for every record."""
    return lambda _record: policy


def differences(
    inputs: Sequence[RawRecord],
    *,
    verdicts: Sequence[RawRecord],
    decisions: Sequence[RawRecord],
    dead_letters: Sequence[RawRecord],
    device_states: Sequence[RawRecord],
    policy: Policy | PolicyOf,
    topics: Topics = Topics(),  # noqa: B008 - immutable
    delivery: Delivery | None = None,
) -> list[str]:
    """Everything that is missing, extra, out of order, misplaced or different; empty when exact.

    `inputs` is the whole input log: all partitions, from the first offset. The order of partitions
    among each other is of no importance; within a partition offsets decide.
    """
    policy_of = always(policy) if isinstance(policy, Policy) else policy
    model = Model(Policy(version=""), topics)
    states = StateAudit(device_states, topics.device_state)
    due_verdicts: list[WireForm] = []
    due_decisions: list[WireForm] = []
    due_letters: list[RawRecord] = []
    for record in sorted(
        inputs, key=lambda record: (record.topic, record.partition, record.offset)
    ):
        model.policy = policy_of(record)
        result = model.step(record)
        if result.verdict is None:
            due_letters.append(record)
        else:
            due_verdicts.append(result.verdict)
            due_decisions.extend(result.decisions)
        states.after(record, model)
    found = [
        *form_differences("verdict", due_verdicts, verdicts),
        *form_differences("decision", due_decisions, decisions),
        *letter_differences(due_letters, dead_letters, topics.dead_letters),
        *states.differences(model),
    ]
    if delivery is not None:
        written = [*verdicts, *decisions, *dead_letters]
        found += row_differences(model, delivery.changelog, delivery.erasure_key)
        found += position_differences(inputs, delivery)
        found += commit_differences(written, delivery)
    return found
