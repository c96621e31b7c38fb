"""Who may raise trust at all: device signatures and the flood guard (rules 11c and 11d).

Owns what stands between a change found at login, which is always heard, and the counters of a
user. The signature comes first, so that whoever cannot sign drains nobody's bucket; neither takes
a slot or counts a failure, so that nobody can lock a victim out.
"""

from agents.core.changes import AttemptAdmitted, ChallengeUsed
from agents.core.digests import challenge_digest, remember, remembers
from agents.core.draft import Draft
from agents.core.policy import Policy
from agents.core.state import EllipticPoint, User, point_of
from events.facts import AttemptFinished, EnrollmentSubmitted
from events.vocabulary import Platform, RefusedReason

_MINUTE_MS = 60_000


def must_sign(policy: Policy, platform: Platform | None) -> bool:
    """Whether devices of a platform have to sign; None for a user who never enrolled."""
    by_platform = policy.device_signatures_by_platform
    if platform is None or not by_platform:  # nearly every policy
        return policy.device_signatures == "required"
    return by_platform.get(platform, policy.device_signatures) == "required"


def attempt_refusal(draft: Draft, user: User, data: AttemptFinished) -> RefusedReason | None:
    """Rules 11c and 11d: why an attempt is not looked at; one that is takes a token."""
    if must_sign(draft.policy, user.platform) and not _is_signed(
        draft, user.public_key, data.challenge
    ):
        return RefusedReason.SIGNATURE_INVALID
    if not _takes_token(draft):
        return RefusedReason.RATE_LIMITED
    return None


def proves_possession(draft: Draft, data: EnrollmentSubmitted) -> bool:
    """Whether an enrollment is signed with the key that it brings, or need not be."""
    return not must_sign(draft.policy, data.platform) or _is_signed(
        draft, point_of(data.public_key), data.challenge
    )


def use_challenge(draft: Draft, platform: Platform | None, challenge: str | None) -> None:
    """Remember the challenge of a signature that was required."""
    if challenge is None or not must_sign(draft.policy, platform):
        return
    used = draft.state.used_challenges
    kept = remember(used, challenge_digest(challenge), draft.policy.used_challenges_max)
    draft.record(ChallengeUsed(kept))


def _is_signed(draft: Draft, point: EllipticPoint | None, challenge: str | None) -> bool:
    """Whether the event is signed under this key, lately, and with a fresh challenge."""
    signature = draft.signature
    if signature is None or point is None or signature.point != point or not challenge:
        return False
    skew_ms = abs(draft.fact.now_ms - signature.issued_ms)
    if skew_ms > draft.policy.device_signature_skew_s_max * 1000:
        return False
    return not remembers(draft.state.used_challenges, challenge_digest(challenge))


def _takes_token(draft: Draft) -> bool:
    """Rule 11d: take a token from the device's bucket, which refills evenly; False if empty.

    The bucket is kept as the instant at which it is full again (the theoretical arrival time of
    the generic cell rate algorithm, ITU-T I.371). One that is further away than an empty bucket
    takes can only be a now that went back: then the bucket counts as full.
    """
    per_minute = draft.policy.attempts_per_minute_max
    if per_minute == 0:
        return True
    now_ms = draft.fact.now_ms
    token_ms = _MINUTE_MS // per_minute
    empty_ms = token_ms * per_minute
    refills_in_ms = draft.before.bucket_full_ms - now_ms
    if not 0 <= refills_in_ms <= empty_ms:
        refills_in_ms = 0
    if refills_in_ms + token_ms > empty_ms:
        return False
    draft.record(AttemptAdmitted(now_ms + refills_in_ms + token_ms))
    return True
