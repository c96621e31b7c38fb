"""One phone before the rules: what it says, and what they answer."""

from typing import Any

from msgspec.structs import replace

from agents.core.decide import step
from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE, DeviceState, point_of
from events.facts import (
    AnyFactData,
    AttemptFinished,
    EnrollmentSubmitted,
    Fact,
    PublicKey,
)
from events.verdicts import Refused, Verdict
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    Method,
    OsBiometrics,
    Place,
    Platform,
)

START_MS = 1_769_904_000_000
JWK = PublicKey(kty="EC", crv="P-256", x="x" * 43, y="y" * 43)
POINT = point_of(JWK)
SIGNED = Policy(version="2", device_signatures="required", attempts_per_minute_max=0)


class Phone:
    """One device and its events, at the time that the test says."""

    def __init__(self, policy: Policy = Policy()) -> None:  # noqa: B008 - immutable
        self.policy = policy
        self.row: DeviceState = UNKNOWN_DEVICE
        self.now_ms = START_MS
        self.seq = 0
        self.skew_ms = 0
        self._number = 0

    def says(self, data: AnyFactData, *, signed: bool = False) -> str:
        """The verdict's kind, or why it was refused."""
        self._number += 1
        fact = Fact(
            event_id=f"event-{self._number}",
            source="/backend",
            device_id="phone",
            occurred_at_ms=self.now_ms,
            now_ms=self.now_ms,
            offset=self._number,
            data=data,
        )
        assert POINT is not None
        signature = VerifiedSignature(POINT, self.now_ms + self.skew_ms) if signed else None
        self.row, decided = step(self.row, fact, self.policy, signature)
        self.verdict: Verdict = decided.verdict
        if isinstance(decided.verdict, Refused):
            return decided.verdict.reason.value
        return decided.verdict.event_type.split(".")[2]

    def enrolls(self, key_id: str = "key-1", *, signed: bool = False, **changes: Any) -> str:  # noqa: ANN401 - fields of an enrollment
        data = EnrollmentSubmitted(
            user_id="ana",
            channel=Channel.SETTINGS,
            method=Method.FACE,
            platform=Platform.IOS,
            key_id=key_id,
            bio_epoch=1,
            os_biometrics=OsBiometrics.READY,
            password_verified_at=self.now_ms,
            public_key=JWK,
            challenge=f"enrolls-{self._number}",
        )
        verdict = self.says(replace(data, **changes), signed=signed)
        if verdict == "applied":
            self.seq = 0
        return verdict

    def tries(self, *, signed: bool = False, **changes: Any) -> str:  # noqa: ANN401 - fields of an attempt
        self.seq += 1
        data = AttemptFinished(
            user_id="ana",
            login_id="login-1",
            place=Place.SIGN_IN,
            outcome=AttemptOutcome.MATCHED,
            key_id="key-1",
            bio_epoch=1,
            seq=self.seq,
            challenge=f"challenge-{self._number}",
        )
        return self.says(replace(data, **changes), signed=signed)


def with_numbers(policy: Policy, **changes: int) -> Policy:
    """The policy with other numbers."""
    return Policy(**{**policy.model_dump(), **changes})
