"""What a history reaches: every verdict, refusal, decision with its reason, offer and bound."""

from collections import Counter
from collections.abc import Iterable

from tests.auditor.model import Model
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord, WireForm

_VERDICTS = ("accepted", "failed", "not-counted", "applied", "noted", "refused")
_REFUSALS = (
    "duplicate",
    "erased",
    "os_biometrics_not_ready",
    "stale_epoch",
    "password_too_old",
    "key_reused",
    "revoked",
    "superseded",
    "too_many_users",
    "unknown_binding",
    "biometrics_changed",
    "signature_invalid",
    "rate_limited",
    "disabled",
    "unknown_key",
    "replayed",
    "fallback_active",
    "wait",
)
_REASONS: dict[str, tuple[str, ...]] = {
    "re-enabled": (
        "biometrics_changed",
        "os_biometrics_removed",
        "failure_limit",
        "admin",
        "user_request",
    ),
    "disabled": (
        "biometrics_changed",
        "os_biometrics_removed",
        "failure_limit",
        "admin",
        "user_request",
        "erased",
    ),
    "fallback-required": (
        "too_many_failures",
        "device_locked",
        "user_choice",
        "sensor_unavailable",
        "os_biometrics_removed",
    ),
    "rearmed": ("next_login", "password"),
    "re-enable-required": (
        "biometrics_changed",
        "os_biometrics_removed",
        "failure_limit",
        "admin",
    ),
}
_BOUNDS = (
    "seventeenth user",
    "ninth user not absent",
    "ninth erasure mark",
    "seventeenth event",
    "ninth troubled fallback",
    "fifth old key",
    "wait of an hour",
    "wait further away than it can be",
    "thirty-third challenge",
    "bucket further from full than it can be",
)
_OFFERS = ("none", "settings_only", "device_settings_first", "prompt")

EVERYTHING: frozenset[str] = frozenset(
    {
        "dead letter",
        "decision enabled",
        "decision refresh-advised",
        "decision rebaselined",
        "no state any more",
        *(f"verdict {kind}" for kind in _VERDICTS),
        *(f"refused {reason}" for reason in _REFUSALS),
        *(f"decision {kind}({reason})" for kind, some in _REASONS.items() for reason in some),
        *(f"bound {bound}" for bound in _BOUNDS),
        *(f"offer {offer}" for offer in _OFFERS),
    }
)
"""What the design names; `rebaselined` only under the policy that allows it, and what is said of
signatures only where they are required."""


def coverage(records: Iterable[RawRecord], policy: Policy) -> Counter[str]:
    """How often the history reaches each thing that the design names."""
    model, counts = Model(policy), Counter[str]()
    had_state = False
    for record in records:
        result = model.step(record)
        if result.verdict is None or record.key is None:
            counts["dead letter"] += 1
            continue
        counts[f"verdict {_kind(result.verdict)}"] += 1
        if "reason" in result.verdict.value:
            counts[f"refused {result.verdict.value['reason']}"] += 1
        for decision in result.decisions:
            counts[_decision(decision)] += 1
        state = model.public_state(record.topic, record.partition, record.key.decode())
        if state is None:
            counts["no state any more"] += had_state
        else:
            counts.update(f"offer {user['offer']}" for user in state["users"].values())
        had_state = state is not None
    counts.update({f"bound {bound}": hits for bound, hits in model.bound_hits.items()})
    return counts


def _kind(form: WireForm) -> str:
    return form.headers["ce_type"].split(".")[2]


def _decision(form: WireForm) -> str:
    reason = form.value.get("reason") or form.value.get("previous_reason")
    return f"decision {_kind(form)}" + (f"({reason})" if reason else "")
