"""For backends of biolatch: publish events, and ask whether a device may use biometrics now.

Depends on aiokafka and pydantic. `biolatch_client.testing` has twins of both in memory, and more;
`biolatch_client.signing` and `biolatch_client.outbox` need the extras `sign` and `outbox`.
"""

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.answers import Answer, Permission, UnknownReason, UserState
from biolatch_client.blocking import SyncDeviceStates, SyncPublisher
from biolatch_client.device_questions import DeviceQuestions
from biolatch_client.device_states import DeviceStates
from biolatch_client.device_view import DeviceState
from biolatch_client.errors import (
    BiolatchClientError,
    BufferFull,
    Closed,
    EventRefused,
    KafkaRefused,
    KafkaUnavailable,
    NotAcknowledged,
)
from biolatch_client.event_methods import EventMethods
from biolatch_client.events import (
    AnyEvent,
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
    PublicKey,
)
from biolatch_client.kafka import KafkaConnection
from biolatch_client.publisher import Publisher
from biolatch_client.records import Envelope
from biolatch_client.words import (
    AttemptOutcome,
    BiometricChange,
    Channel,
    DetectedBy,
    Guidance,
    KeyBinding,
    Method,
    Offer,
    OffReason,
    OsBiometrics,
    Place,
    Platform,
    PromptLabel,
    RefusedReason,
    Status,
)

__all__ = [
    "Acknowledged",
    "Answer",
    "AnyEvent",
    "AttemptFinished",
    "AttemptOutcome",
    "BiolatchClientError",
    "BiometricChange",
    "BiometricsChanged",
    "BufferFull",
    "Channel",
    "Closed",
    "DetectedBy",
    "DeviceErased",
    "DeviceQuestions",
    "DeviceState",
    "DeviceStates",
    "EnrollmentDeclined",
    "EnrollmentRevoked",
    "EnrollmentSubmitted",
    "EnrollmentWithdrawn",
    "Envelope",
    "EventMethods",
    "EventRefused",
    "Guidance",
    "KafkaConnection",
    "KafkaRefused",
    "KafkaUnavailable",
    "KeyBinding",
    "Method",
    "NotAcknowledged",
    "OffReason",
    "Offer",
    "OsBiometrics",
    "PasswordAccepted",
    "Permission",
    "Place",
    "Platform",
    "PromptLabel",
    "PublicKey",
    "Publisher",
    "RefusedReason",
    "Status",
    "SyncDeviceStates",
    "SyncPublisher",
    "UnknownReason",
    "UserState",
]
