"""Every way in which an event can move its user: the status x event matrix, as data.

Where a user stands, what comes in, and each answer that is possible with where the user stands
then. The rules do not read this; it is their map. A test walks random histories and demands that
every move stands here and that every line here happens, so the map cannot drift from the land. The
page docs/transitions.md is drawn from it.

Left out, because they are the same in every cell and move nobody: refused `duplicate` and refused
`erased` (rules 1 and 2).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from events.vocabulary import AttemptOutcome, RefusedReason


class Standing(StrEnum):
    """A user's status on a device, or that the device does not know the user."""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    ENABLED = "enabled"
    FALLBACK = "fallback"
    DISABLED = "disabled"


class Trigger(StrEnum):
    """What comes in: an input event, a finished attempt by the family of its outcome."""

    SUBMITTED = "enrollment.submitted"
    DECLINED = "enrollment.declined"
    WITHDRAWN = "enrollment.withdrawn"
    REVOKED = "enrollment.revoked"
    MATCHED = "attempt matched"
    REJECTED = "attempt rejected"
    DEVICE_LOCKED = "attempt locked"
    FALLBACK_CHOSEN = "attempt fallback_chosen"
    UNAVAILABLE = "attempt unavailable"
    ENDED_UNDECIDED = "attempt cancelled or timed out"
    OS_BIOMETRICS_GONE = "attempt not_enrolled or device_credential_missing"
    SET_CHANGED = "attempt set_changed"
    PASSWORD_ACCEPTED = "attempt.password-accepted"  # noqa: S105 - an event's name
    CHANGED = "biometrics.changed"
    ERASED = "device.erased"


TRIGGER_OF_OUTCOME: Final[Mapping[AttemptOutcome, Trigger]] = {
    AttemptOutcome.MATCHED: Trigger.MATCHED,
    AttemptOutcome.REJECTED: Trigger.REJECTED,
    AttemptOutcome.LOCKED_TIMED: Trigger.DEVICE_LOCKED,
    AttemptOutcome.LOCKED_UNTIL_CREDENTIAL: Trigger.DEVICE_LOCKED,
    AttemptOutcome.FALLBACK_CHOSEN: Trigger.FALLBACK_CHOSEN,
    AttemptOutcome.UNAVAILABLE: Trigger.UNAVAILABLE,
    AttemptOutcome.CANCELLED_USER: Trigger.ENDED_UNDECIDED,
    AttemptOutcome.CANCELLED_SYSTEM: Trigger.ENDED_UNDECIDED,
    AttemptOutcome.TIMEOUT: Trigger.ENDED_UNDECIDED,
    AttemptOutcome.NOT_ENROLLED: Trigger.OS_BIOMETRICS_GONE,
    AttemptOutcome.DEVICE_CREDENTIAL_MISSING: Trigger.OS_BIOMETRICS_GONE,
    AttemptOutcome.SET_CHANGED: Trigger.SET_CHANGED,
}


class Move(NamedTuple):
    """One possible answer to an event, and where its user stands after it."""

    answer: str
    to: Standing


Cell = frozenset[Move]

_U, _A, _E, _F, _D = Standing


def _moves(to: Standing, *answers: str) -> Cell:
    return frozenset(Move(answer, to) for answer in answers)


def _refused(stays: Standing, *reasons: RefusedReason) -> Cell:
    return _moves(stays, *(f"refused {reason.value}" for reason in reasons))


_R: Final = RefusedReason
_TO_BE_ENABLED: Final = (
    _R.OS_BIOMETRICS_NOT_READY,
    _R.STALE_EPOCH,
    _R.PASSWORD_TOO_OLD,
    _R.KEY_REUSED,
    _R.SIGNATURE_INVALID,
)
_NOT_THIS_KEY: Final = (_R.STALE_EPOCH, _R.UNKNOWN_KEY, _R.REPLAYED)
_CHANGE_FOUND: Final = _moves(_D, f"refused {_R.BIOMETRICS_CHANGED.value}")
_NOT_ADMITTED: Final = (_R.SIGNATURE_INVALID, _R.RATE_LIMITED)


def _attempt(enabled: Cell, fallback: Cell) -> Mapping[Standing, Cell]:
    """A finished attempt: rules 10 to 17 refuse alike, what else happens is up to the outcome."""
    must_use_password = (_R.FALLBACK_ACTIVE, _R.WAIT)
    return {
        _U: _refused(_U, _R.UNKNOWN_BINDING),
        _A: _refused(_A, _R.UNKNOWN_BINDING),
        _E: _refused(_E, *_NOT_ADMITTED, *_NOT_THIS_KEY) | _CHANGE_FOUND | enabled,
        _F: _refused(_F, *_NOT_ADMITTED, *_NOT_THIS_KEY, *must_use_password)
        | _CHANGE_FOUND
        | fallback,
        _D: _refused(_D, _R.BIOMETRICS_CHANGED, *_NOT_ADMITTED, _R.DISABLED),
    }


def _os_biometrics_gone() -> Mapping[Standing, Cell]:
    """Rules 16 and 17 let these outcomes pass."""
    gone = _moves(_D, "not-counted")
    cells = dict(_attempt(gone, gone))
    cells[_F] -= _refused(_F, _R.FALLBACK_ACTIVE, _R.WAIT)
    return cells


def _set_changed() -> Mapping[Standing, Cell]:
    """Taken by rule 11, or refused by rules 13 and 14: nothing behind them is reached."""
    beyond = (_R.REPLAYED, _R.FALLBACK_ACTIVE, _R.WAIT)
    cells = _attempt(frozenset(), frozenset())
    return {stands: cell - _refused(stands, *beyond) for stands, cell in cells.items()}


_TO_FALLBACK: Final = _moves(_F, "not-counted")

MATRIX: Final[Mapping[Trigger, Mapping[Standing, Cell]]] = {
    Trigger.SUBMITTED: {
        _U: _refused(_U, *_TO_BE_ENABLED, _R.TOO_MANY_USERS) | _moves(_E, "applied"),
        _A: _refused(_A, *_TO_BE_ENABLED, _R.SUPERSEDED, _R.TOO_MANY_USERS) | _moves(_E, "applied"),
        _E: _refused(_E, *_TO_BE_ENABLED, _R.SUPERSEDED) | _moves(_E, "applied"),
        _F: _refused(_F, *_TO_BE_ENABLED, _R.SUPERSEDED) | _moves(_E, "applied"),
        _D: _refused(_D, *_TO_BE_ENABLED, _R.REVOKED, _R.SUPERSEDED) | _moves(_E, "applied"),
    },
    Trigger.DECLINED: {
        _U: _moves(_A, "noted"),
        _A: _moves(_A, "noted"),
        _E: _moves(_E, "noted"),
        _F: _moves(_F, "noted"),
        _D: _moves(_D, "noted"),
    },
    Trigger.WITHDRAWN: {
        _U: _moves(_A, "noted"),
        _A: _moves(_A, "noted"),
        _E: _moves(_D, "applied"),
        _F: _moves(_D, "applied"),
        _D: _moves(_D, "applied"),
    },
    Trigger.REVOKED: {
        _U: _moves(_D, "applied") | _moves(_U, "noted"),
        _A: _moves(_D, "applied") | _moves(_A, "noted"),
        _E: _moves(_D, "applied"),
        _F: _moves(_D, "applied"),
        _D: _moves(_D, "applied"),
    },
    Trigger.MATCHED: _attempt(_moves(_E, "accepted"), _moves(_E, "accepted")),
    Trigger.REJECTED: _attempt(
        _moves(_E, "failed") | _moves(_F, "failed") | _moves(_D, "failed"),
        _moves(_E, "failed") | _moves(_D, "failed"),
    ),
    Trigger.DEVICE_LOCKED: _attempt(_TO_FALLBACK, _TO_FALLBACK),
    Trigger.FALLBACK_CHOSEN: _attempt(_TO_FALLBACK, _TO_FALLBACK),
    Trigger.UNAVAILABLE: _attempt(_TO_FALLBACK, _TO_FALLBACK),
    Trigger.ENDED_UNDECIDED: _attempt(_moves(_E, "not-counted"), _moves(_E, "not-counted")),
    Trigger.OS_BIOMETRICS_GONE: _os_biometrics_gone(),
    Trigger.SET_CHANGED: _set_changed(),
    Trigger.PASSWORD_ACCEPTED: {
        _U: _moves(_U, "noted"),
        _A: _moves(_A, "noted"),
        _E: _moves(_E, "noted"),
        _F: _moves(_E, "applied"),
        _D: _moves(_D, "noted"),
    },
    Trigger.CHANGED: {
        _A: _refused(_A, _R.STALE_EPOCH) | _moves(_A, "applied"),
        _E: _refused(_E, _R.STALE_EPOCH) | _moves(_D, "applied") | _moves(_E, "applied"),
        _F: _refused(_F, _R.STALE_EPOCH) | _moves(_D, "applied") | _moves(_F, "applied"),
        _D: _refused(_D, _R.STALE_EPOCH) | _moves(_D, "applied"),
    },
    Trigger.ERASED: {stands: _moves(_U, "applied") for stands in Standing},
}
"""Event by status: every move of the event's own user, or of each known user for an event about
the phone (`biometrics.changed`, and `device.erased` without a user). An applied change leaves a
live user live only where policy `os_upgrade_keeps_enabled` re-baselines."""

MOVES_OF_OTHERS: Final[Mapping[Trigger, frozenset[tuple[Standing, Standing]]]] = {
    # A raised epoch is a change for everyone; the ninth user needs the place of a disabled one,
    # the seventeenth that of an absent one.
    Trigger.SUBMITTED: frozenset({(_E, _D), (_F, _D), (_D, _U), (_A, _U)}),
    Trigger.DECLINED: frozenset({(_A, _U)}),
    Trigger.WITHDRAWN: frozenset({(_A, _U)}),
    Trigger.REVOKED: frozenset({(_D, _U), (_A, _U)}),
    # Rule 11 at any attempt, rule 19 where the phone has no biometrics any more.
    **{trigger: frozenset({(_E, _D), (_F, _D)}) for trigger in TRIGGER_OF_OUTCOME.values()},
    Trigger.PASSWORD_ACCEPTED: frozenset(),
    Trigger.CHANGED: frozenset(),
    Trigger.ERASED: frozenset(),
}
"""How an event moves users of the device other than its own."""
