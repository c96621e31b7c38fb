"""Which decision needs which message: the table, and nothing else.

Pure. Decisions with different reasons share a message wherever a person could otherwise learn which
check failed (PSD2 RTS, article 4(3)(a)): a phone may be in the wrong hands.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, assert_never

from events.decisions import (
    Decision,
    Disabled,
    Enabled,
    FallbackRequired,
    Rearmed,
    Rebaselined,
    ReEnabled,
    ReEnableRequired,
    RefreshAdvised,
)
from events.vocabulary import DisabledReason, FallbackReason
from schemas.notifications import DeepLink, MessageName


class Message(NamedTuple):
    """What is told.

    Attributes:
        name: which message it is, in the catalogues too.
        deep_link: where the person can act.
        steps: how they can, as named in the catalogues, in this order.
    """

    name: MessageName
    deep_link: DeepLink | None = None
    steps: Sequence[str] = ()


_TIPS: Final = ("tip-software", "tip-fingers", "tip-light", "tip-coverings")
"""What helps where a check does not work: the help page's own list."""

SWITCHED_ON: Final = Message(MessageName.SWITCHED_ON)
SWITCHED_OFF: Final = Message(MessageName.SWITCHED_OFF)
NOT_AVAILABLE: Final = Message(MessageName.NOT_AVAILABLE, DeepLink.PASSWORD)
USE_PASSWORD: Final = Message(MessageName.USE_PASSWORD, DeepLink.PASSWORD, _TIPS)
SWITCH_ON_AGAIN: Final = Message(
    MessageName.SWITCH_ON_AGAIN,
    DeepLink.ENABLE_BIOMETRICS,
    ("step-log-in-with-password", "step-app-settings", "step-toggle-on", "step-follow-prompts"),
)
SET_UP_DEVICE_FIRST: Final = Message(
    MessageName.SET_UP_DEVICE_FIRST,
    DeepLink.OPEN_DEVICE_SETTINGS,
    ("step-device-settings", "step-device-prompts", "step-return-and-toggle-on"),
)
REFRESH_BIOMETRICS: Final = Message(
    MessageName.REFRESH_BIOMETRICS,
    DeepLink.OPEN_DEVICE_SETTINGS,
    (*_TIPS, "step-update-biometrics", "step-switch-on-after-update"),
)


def message_of(decision: Decision) -> Message | None:
    """The message that a decision needs; None where there is nothing to tell anybody."""
    match decision:
        case Enabled() | ReEnabled():
            # Whoever owns the account has to hear of a new way into it.
            return SWITCHED_ON
        case Disabled():
            return _of_disabled(decision)
        case FallbackRequired(reason=FallbackReason.USER_CHOICE):
            return None  # they have chosen the password themselves, and have it before them
        case FallbackRequired(reason=FallbackReason.OS_BIOMETRICS_REMOVED):
            return SET_UP_DEVICE_FIRST  # the next login cannot use biometrics either
        case FallbackRequired():
            return USE_PASSWORD
        case ReEnableRequired(reason=DisabledReason.OS_BIOMETRICS_REMOVED):
            return SET_UP_DEVICE_FIRST
        case ReEnableRequired():
            return SWITCH_ON_AGAIN
        case RefreshAdvised():
            return REFRESH_BIOMETRICS
        case Rearmed() | Rebaselined():
            return None  # everything is as it was
        case _:
            assert_never(decision)


def _of_disabled(decision: Disabled) -> Message | None:
    found_at_login = decision.login_id is not None
    match decision.reason:
        case DisabledReason.USER_REQUEST:
            return SWITCHED_OFF
        case DisabledReason.ADMIN:
            return SWITCH_ON_AGAIN if decision.allow_re_enable else NOT_AVAILABLE
        case DisabledReason.FAILURE_LIMIT:
            return SWITCH_ON_AGAIN
        case DisabledReason.BIOMETRICS_CHANGED:
            # A re-enable-required follows for whoever logs in (rule 11), and says the same.
            return None if found_at_login else SWITCH_ON_AGAIN
        case DisabledReason.OS_BIOMETRICS_REMOVED:
            # As above: a fallback-required follows (rule 19).
            return None if found_at_login else SET_UP_DEVICE_FIRST
        case DisabledReason.ERASED:
            return None  # nothing is to be kept of this person, a message to them included
        case _:
            assert_never(decision.reason)
