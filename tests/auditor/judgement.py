"""One event being judged: what the rules read, and what they have decided so far."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.auditor.decoding import Event
from tests.auditor.policy import Policy
from tests.auditor.state import Device, User
from tests.auditor.times import write_time

RE_ENABLE, OPEN_SETTINGS, USE_PASSWORD = "re_enable", "open_device_settings", "use_password"


class Verdict(NamedTuple):
    """Accepted, failed, not_counted, applied, noted or refused; details only where they apply."""

    kind: str
    details: dict[str, Any]

    @property
    def reason(self) -> str | None:
        """Why it was refused."""
        return self.details.get("reason")


class Decision(NamedTuple):
    """A decision with what was true of its user at that moment."""

    kind: str
    user_id: str
    details: dict[str, Any]


@dataclass(slots=True)
class Judgement:
    """`now` is the record's timestamp; the device is changed in place."""

    event: Event
    now: int
    device: Device
    policy: Policy
    decisions: list[Decision] = field(default_factory=list)

    @property
    def own_user(self) -> User | None:
        """The event's own user, if the row has it."""
        return self.device.users.get(self.event.user_id) if self.event.user_id else None

    def decide(self, kind: str, user_id: str, **details: object) -> None:
        """Add a decision about a user, as the user stands now."""
        user = self.device.users[user_id]
        known = {
            "method": user.method,
            "platform": user.platform,
            "prompt_label": prompt_label(user),
            "key_id": user.key_id,
            "key_binding": user.key_binding,
        }
        self.decisions.append(
            Decision(
                kind,
                user_id,
                {
                    "bio_epoch": self.device.bio_epoch,
                    "guidance": "none",
                    **{name: value for name, value in known.items() if value is not None},
                    **details,
                },
            )
        )

    def disable(self, user_id: str, reason: str, **details: object) -> None:
        """Disable a live user, and say so."""
        user = self.device.users[user_id]
        user.become("disabled", reason, self.now)
        self.decide(
            "disabled", user_id, reason=reason, guidance=guidance_when_disabled(user), **details
        )

    def re_arm(self, user_id: str, reason: str) -> None:
        """End a fallback, and say so."""
        user = self.device.users[user_id]
        user.become("enabled", None, self.now)
        user.failures = 0
        self.decide("rearmed", user_id, reason=reason)

    def require_fallback(self, user_id: str, reason: str, wait_until: int | None = None) -> None:
        """Say that the password is needed now; the caller moves the status."""
        wait = {} if wait_until is None else {"wait_until": write_time(wait_until)}
        self.decide("fallback-required", user_id, reason=reason, guidance=USE_PASSWORD, **wait)

    def guide(self, user_id: str) -> None:
        """Rule 12: ask a disabled user to enable anew, once per login and never unwanted."""
        user = self.device.users[user_id]
        login_id = self.event.data["login_id"]
        unwanted = user.reason == "user_request" or user.revoked_for_good
        too_early = (
            user.declined_at is not None and self.now < user.declined_at + self.policy.prompt_pause
        )
        if unwanted or too_early or login_id == user.guided_login_id:
            return
        user.guided_login_id = login_id
        guidance = OPEN_SETTINGS if user.reason == "os_biometrics_removed" else RE_ENABLE
        self.decide("re-enable-required", user_id, reason=user.reason, guidance=guidance)

    def change_biometrics(self, reason: str) -> None:
        """A biometric change now: every live user is disabled; rule 11b moves older reasons."""
        self.device.last_change = self.now
        self.switch_everybody_off(reason)

    def switch_everybody_off(self, reason: str) -> None:
        """Disable every live user; rule 11b for those whom the biometrics had disabled before."""
        for user in self.device.users.values():
            if user.status == "disabled" and user.reason in (
                "biometrics_changed",
                "os_biometrics_removed",
            ):
                user.reason = reason
        for user_id in self.device.live_users(first=self.event.user_id):
            self.disable(user_id, reason)


def refused(reason: str, **details: object) -> Verdict:
    """A refusal by the rules."""
    return Verdict("refused", {"reason": reason, **details})


def stale_epoch(device: Device) -> Verdict:
    """The refusal that tells the app the epoch to go on from."""
    return refused("stale_epoch", bio_epoch=device.bio_epoch)


def guidance_when_disabled(user: User) -> str:
    """The guidance of `disabled` with the user's reason, for decisions and for the public state."""
    if user.reason in ("biometrics_changed", "failure_limit"):
        return RE_ENABLE
    if user.reason == "os_biometrics_removed":
        return OPEN_SETTINGS
    return RE_ENABLE if user.reason == "admin" and user.allow_re_enable else "none"


def prompt_label(user: User) -> str | None:
    """What the prompt on the phone reads; none as long as the user never enabled anything."""
    if user.method is None:
        return None
    if user.platform == "ios":
        return "Face ID" if user.method == "face" else "Touch ID"
    return "face recognition" if user.method == "face" else "fingerprint recognition"
