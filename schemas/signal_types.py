"""The security events that leave the house: their names in the OpenID specifications.

Owns every event type URI of CAEP 1.0, RISC 1.0 and the Shared Signals Framework 1.0 that biolatch
sends, and the closed sets of words inside those events. Nothing here is ours to rename.
"""

from enum import StrEnum
from typing import Final

_CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
_SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"


class SignalType(StrEnum):
    """What a stream may carry, by event type URI."""

    CREDENTIAL_CHANGE = _CAEP + "credential-change"
    SESSION_REVOKED = _CAEP + "session-revoked"
    ASSURANCE_LEVEL_CHANGE = _CAEP + "assurance-level-change"
    RISK_LEVEL_CHANGE = _CAEP + "risk-level-change"
    SESSION_ESTABLISHED = _CAEP + "session-established"
    SESSION_PRESENTED = _CAEP + "session-presented"
    ACCOUNT_CREDENTIAL_CHANGE_REQUIRED = _RISC + "account-credential-change-required"
    CREDENTIAL_COMPROMISE = _RISC + "credential-compromise"

    @property
    def short_name(self) -> str:
        """The last part of the URI, by which settings and people call it."""
        return self.value.rpartition("/")[2]


VERIFICATION: Final = _SSF + "verification"
"""Sent when a receiver asks for it, whatever its stream carries (SSF section 8.1.4.1)."""

FROM_VERDICTS: Final = frozenset(
    {
        SignalType.SESSION_ESTABLISHED,
        SignalType.SESSION_PRESENTED,
        SignalType.CREDENTIAL_COMPROMISE,
        SignalType.RISK_LEVEL_CHANGE,
    }
)
"""Types for which a stream has to read verdicts, too."""


class ChangeType(StrEnum):
    """What happened to a credential (CAEP section 3.3.1)."""

    CREATE = "create"
    REVOKE = "revoke"
    UPDATE = "update"
    DELETE = "delete"


class InitiatingEntity(StrEnum):
    """Who set it off (CAEP section 2)."""

    ADMIN = "admin"
    USER = "user"
    POLICY = "policy"
    SYSTEM = "system"


class RiskLevel(StrEnum):
    """How much a device is to be distrusted (CAEP section 3.8.1)."""

    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class SubjectFormat(StrEnum):
    """How a stream names whom its events are about.

    `iss_sub` names the user only (RFC 9493 section 3.2.4); `complex` names the user, the device
    and, where an event is about one login, the session (SSF section 3.2).
    """

    ISS_SUB = "iss_sub"
    COMPLEX = "complex"


def signal_type(short_name: str) -> SignalType:
    """The type that settings call so.

    Raises:
        ValueError: there is none of that name.
    """
    for each in SignalType:
        if each.short_name == short_name:
            return each
    known = ", ".join(each.short_name for each in SignalType)
    raise ValueError(f"{short_name!r} is none of {known}")
