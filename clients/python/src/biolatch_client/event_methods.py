"""One method for each event, to be awaited.

Generated from `events.facts` by `make docs`; do not edit.
"""

# ruff: noqa: PLR0913
# An event has as many fields as it has.

from abc import ABC, abstractmethod
from datetime import datetime

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.event_model import refusing
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
from biolatch_client.records import PLAIN, Envelope
from biolatch_client.words import (
    AttemptOutcome,
    BiometricChange,
    Channel,
    DetectedBy,
    KeyBinding,
    Method,
    OsBiometrics,
    Place,
    Platform,
)


class EventMethods(ABC):
    """Publishing by event; `publish` does it.

    Each method takes the fields of its event (`biolatch_client.events` describes them), returns
    when Kafka has acknowledged it, and raises what `publish` raises.
    """

    @abstractmethod
    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """Publish an event about a device."""

    async def enrollment_submitted(
        self,
        device_id: str,
        *,
        user_id: str,
        channel: Channel,
        method: Method,
        platform: Platform,
        key_id: str,
        bio_epoch: int,
        os_biometrics: OsBiometrics,
        password_verified_at: datetime,
        key_binding: KeyBinding = KeyBinding.UNKNOWN,
        login_id: str | None = None,
        public_key: PublicKey | None = None,
        device_signature: str | None = None,
        challenge: str | None = None,
        os_version: str | None = None,
        app_version: str | None = None,
        device_model: str | None = None,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.enrollment.submitted.v1`."""
        with refusing():
            event = EnrollmentSubmitted(
                user_id=user_id,
                channel=channel,
                method=method,
                platform=platform,
                key_id=key_id,
                bio_epoch=bio_epoch,
                os_biometrics=os_biometrics,
                password_verified_at=password_verified_at,
                key_binding=key_binding,
                login_id=login_id,
                public_key=public_key,
                device_signature=device_signature,
                challenge=challenge,
                os_version=os_version,
                app_version=app_version,
                device_model=device_model,
            )
        return await self.publish(device_id, event, envelope=envelope)

    async def enrollment_declined(
        self,
        device_id: str,
        *,
        user_id: str,
        channel: Channel,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.enrollment.declined.v1`."""
        with refusing():
            event = EnrollmentDeclined(user_id=user_id, channel=channel)
        return await self.publish(device_id, event, envelope=envelope)

    async def enrollment_withdrawn(
        self,
        device_id: str,
        *,
        user_id: str,
        channel: Channel,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.enrollment.withdrawn.v1`."""
        with refusing():
            event = EnrollmentWithdrawn(user_id=user_id, channel=channel)
        return await self.publish(device_id, event, envelope=envelope)

    async def enrollment_revoked(
        self,
        device_id: str,
        *,
        user_id: str,
        reason_admin: str,
        allow_re_enable: bool,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.enrollment.revoked.v1`."""
        with refusing():
            event = EnrollmentRevoked(
                user_id=user_id, reason_admin=reason_admin, allow_re_enable=allow_re_enable
            )
        return await self.publish(device_id, event, envelope=envelope)

    async def attempt_finished(
        self,
        device_id: str,
        *,
        user_id: str,
        login_id: str,
        place: Place,
        outcome: AttemptOutcome,
        key_id: str,
        bio_epoch: int,
        seq: int,
        scans: int = 1,
        platform_code: str | None = None,
        device_signature: str | None = None,
        challenge: str | None = None,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.attempt.finished.v1`."""
        with refusing():
            event = AttemptFinished(
                user_id=user_id,
                login_id=login_id,
                place=place,
                outcome=outcome,
                key_id=key_id,
                bio_epoch=bio_epoch,
                seq=seq,
                scans=scans,
                platform_code=platform_code,
                device_signature=device_signature,
                challenge=challenge,
            )
        return await self.publish(device_id, event, envelope=envelope)

    async def password_accepted(
        self,
        device_id: str,
        *,
        user_id: str,
        login_id: str,
        place: Place,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.attempt.password-accepted.v1`."""
        with refusing():
            event = PasswordAccepted(user_id=user_id, login_id=login_id, place=place)
        return await self.publish(device_id, event, envelope=envelope)

    async def biometrics_changed(
        self,
        device_id: str,
        *,
        bio_epoch: int,
        change: BiometricChange,
        detected_by: DetectedBy,
        os_upgraded: bool = False,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.biometrics.changed.v1`."""
        with refusing():
            event = BiometricsChanged(
                bio_epoch=bio_epoch, change=change, detected_by=detected_by, os_upgraded=os_upgraded
            )
        return await self.publish(device_id, event, envelope=envelope)

    async def device_erased(
        self,
        device_id: str,
        *,
        user_id: str | None = None,
        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `biolatch.device.erased.v1`."""
        with refusing():
            event = DeviceErased(user_id=user_id)
        return await self.publish(device_id, event, envelope=envelope)
