"""The classes of OCSF that the feed uses, and the words that go with their numbers.

Owns every number of OCSF. An event carries number and word: tools match the one, people read the
other (https://schema.ocsf.io/1.8.0/classes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

OCSF_VERSION: Final = "1.8.0"
OTHER: Final = 99
"""What OCSF numbers whatever it has no number for; the word beside it is then ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcsfClass:
    """A class of events.

    Attributes:
        uid: its number.
        name: how OCSF's files call it, such as `entity_management`.
        caption: how people call it.
        category_uid, category: the category that it belongs to.
        activities: the words of the activities that the feed uses, by number.
    """

    uid: int
    name: str
    caption: str
    category_uid: int
    category: str
    activities: Mapping[int, str]


_IDENTITY: Final = "Identity & Access Management"


class EntityActivity(IntEnum):
    """What happened to a device's biometric login (Entity Management)."""

    DELETE = 4
    ENROLL = 6
    UNENROLL = 7
    ENABLE = 8
    DISABLE = 9
    SUSPEND = 12
    RESUME = 13


LOGON: Final = 1
LOGGED: Final = 1
CREATED: Final = 1

AUTHENTICATION: Final = OcsfClass(
    uid=3002,
    name="authentication",
    caption="Authentication",
    category_uid=3,
    category=_IDENTITY,
    activities={LOGON: "Logon"},
)
ENTITY_MANAGEMENT: Final = OcsfClass(
    uid=3004,
    name="entity_management",
    caption="Entity Management",
    category_uid=3,
    category=_IDENTITY,
    activities={activity: activity.name.capitalize() for activity in EntityActivity},
)
DEVICE_CONFIG_STATE_CHANGE: Final = OcsfClass(
    uid=5019,
    name="device_config_state_change",
    caption="Device Config State Change",
    category_uid=5,
    category="Discovery",
    activities={LOGGED: "Log"},
)
DETECTION_FINDING: Final = OcsfClass(
    uid=2004,
    name="detection_finding",
    caption="Detection Finding",
    category_uid=2,
    category="Findings",
    activities={CREATED: "Create"},
)

CLASSES: Final = (
    AUTHENTICATION,
    ENTITY_MANAGEMENT,
    DEVICE_CONFIG_STATE_CHANGE,
    DETECTION_FINDING,
)
"""Every class of the feed."""


class Severity(IntEnum):
    """How much an event matters by itself; what it means among others, rules say."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


class _Worded(Enum):
    """A number of OCSF and its word."""

    def __init__(self, number: int, word: str) -> None:
        self.number = number
        self.word = word


class Status(_Worded):
    """How what was tried ended."""

    SUCCESS = (1, "Success")
    FAILURE = (2, "Failure")
    NOT_COUNTED = (OTHER, "Not Counted")
    """The prompt ended without a biometric answer: neither of the two."""
    NEW = (1, "New")
    """Of a finding: nobody has looked at it yet."""


class Action(_Worded):
    """What biolatch did about a login."""

    ALLOWED = (1, "Allowed")
    DENIED = (2, "Denied")
    OBSERVED = (3, "Observed")


class Factor(_Worded):
    """What was to prove who logs in."""

    BIOMETRIC = (4, "Biometric")
    PASSWORD = (11, "Password")


class LogonType(_Worded):
    """Where in the app it was asked for."""

    INTERACTIVE = (2, "Interactive")
    UNLOCK = (7, "Unlock")


class State(_Worded):
    """Whether a device may log in with biometrics."""

    DISABLED = (1, "Disabled")
    ENABLED = (2, "Enabled")


class SecurityLevel(_Worded):
    """Whether a device's biometrics can be relied on."""

    SECURE = (1, "Secure")
    AT_RISK = (2, "At Risk")
    COMPROMISED = (3, "Compromised")
