"""Events signed by a phone, and what the product finds of them."""

import json
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey

from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import DeviceState, EllipticPoint, User
from agents.device_signatures import DeviceSignatures, TriedSignature
from agents.verification import Signed, wrong_of
from deploy.device_signer import DeviceSigner
from events.facts import Fact
from events.vocabulary import Platform, Status
from tests.unit.sound_records import Record, read

REQUIRED = Policy(version="2", device_signatures="required")
DEVICE, EVENT, NOW_S = "ana-iphone", "event-9", 1_769_904_000
ATTEMPT = {
    "user_id": "ana",
    "login_id": "login-1",
    "place": "sign_in",
    "outcome": "matched",
    "key_id": "key-1",
    "bio_epoch": 1,
    "seq": 1,
}
ENROLLMENT = {
    "user_id": "ana",
    "channel": "settings",
    "method": "face",
    "platform": "ios",
    "key_id": "key-1",
    "bio_epoch": 1,
    "os_biometrics": "ready",
    "password_verified_at": "2026-01-31T23:59:00Z",
}
ATTEMPT_PAYLOAD = {
    **ATTEMPT,
    "event_id": EVENT,
    "device_id": DEVICE,
    "challenge": "challenge-1",
    "iat": NOW_S,
}
KEY = ECKey.generate_key("P-256")
PRIVATE = {name: str(value) for name, value in KEY.as_dict(private=True).items()}
PHONE, OTHER = DeviceSigner(PRIVATE), DeviceSigner()


def record_of(
    event_type: str, data: Mapping[str, Any], *, event_id: str = EVENT, offset: int = 7
) -> Record:
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/backend",
        "type": f"biolatch.{event_type}.v1",
        "subject": DEVICE,
        "time": "2026-02-01T00:00:00Z",
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return Record(
        DEVICE.encode(),
        json.dumps(data).encode(),
        (*headers, ("content-type", b"application/json")),
        timestamp=NOW_S * 1000 + 249,
        offset=offset,
    )


def fact_of(event_type: str, data: Mapping[str, Any], *, event_id: str = EVENT) -> Fact:
    return read(record_of(event_type, data, event_id=event_id))


def attempt(**changes: Any) -> Fact:  # noqa: ANN401 - fields of an attempt
    signed = PHONE.signed_attempt(DEVICE, EVENT, ATTEMPT, challenge="challenge-1", issued_s=NOW_S)
    return fact_of("attempt.finished", {**signed, **changes})


def enrollment(**changes: Any) -> Fact:  # noqa: ANN401 - fields of an enrollment
    signed = PHONE.signed_enrollment(
        DEVICE, EVENT, ENROLLMENT, challenge="challenge-1", issued_s=NOW_S
    )
    return fact_of("enrollment.submitted", {**signed, **changes})


def point(signer: DeviceSigner) -> EllipticPoint:
    return EllipticPoint(x=signer.public_key["x"], y=signer.public_key["y"])


def row_with(signer: DeviceSigner, platform: Platform = Platform.IOS) -> DeviceState:
    ana = User(
        user_id="ana",
        status=Status.ENABLED,
        platform=platform,
        key_id="key-1",
        public_key=point(signer),
    )
    return DeviceState(bio_epoch=1, users=(ana,))


def verified(
    fact: Fact,
    *,
    row: DeviceState | None = None,
    row_then: DeviceState | None = None,
    policy: Policy = REQUIRED,
) -> VerifiedSignature | None:
    """What is found of an event, with one row before its batch and maybe another one then."""
    row = row_with(PHONE) if row is None else row
    signatures = DeviceSignatures(policy)
    return signatures.signature(fact, row_then or row, tried(signatures, fact, row))


def tried(signatures: DeviceSignatures, fact: Fact, row: DeviceState) -> TriedSignature | None:
    """What is found out about an event ahead, with that row of its device."""
    for place, claim, point, key in signatures.trials([fact], lambda _: row):
        signed = Signed(place, key, claim.signing_input, claim.signature)
        return TriedSignature(claim, point, not wrong_of([signed]))
    return None
