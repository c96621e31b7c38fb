"""How a made-up phone signs, and how an attacker pretends to: bytes alone, no JOSE library.

Keys and signatures follow from the seed, so a signed history is the same for one seed, too.
"""

import base64
import json
from hashlib import sha256
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.auditor.times import MINUTE, SECOND
from tests.property.drafts import FINISHED, SUBMITTED, Draft

_TYPES = {FINISHED: "biolatch-attempt+jws", SUBMITTED: "biolatch-enrollment+jws"}
_SIGNED = {
    FINISHED: (
        "user_id",
        "key_id",
        "bio_epoch",
        "seq",
        "login_id",
        "place",
        "outcome",
        "challenge",
    ),
    SUBMITTED: ("user_id", "key_id", "bio_epoch", "challenge"),
}
_HONEST = 0.8


class PhoneKey:
    """A key that a phone made for one enabling."""

    def __init__(self, random: Random) -> None:
        self._key = ec.derive_private_key(random.getrandbits(250) + 1, ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        x, y = (_text(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        self.public_jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """RFC 7638: the members that say which key it is, in alphabetical order."""
        members = {name: self.public_jwk[name] for name in ("crv", "kty", "x", "y")}
        return _text(sha256(_json(members)).digest())

    def token(self, header: dict[str, Any], payload: dict[str, Any]) -> str:
        """A compact JWS."""
        signed = f"{_text(_json(header))}.{_text(_json(payload))}"
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(signed.encode(), algorithm))
        return f"{signed}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class Signing:
    """Signs the events of one phone: mostly as its app would, else as nobody may."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._challenges: list[str] = []
        self._stranger = PhoneKey(random)

    def sign(self, draft: Draft, key: PhoneKey, now: int) -> None:
        """Put challenge and signature into the event, and the public key where it brings one."""
        random, data = self._random, draft.data
        if draft.type == SUBMITTED:
            data["public_key"] = key.public_jwk
        honest = random.random() < _HONEST
        data["challenge"] = self._challenge(reused=0.02 if honest else 0.4)
        header = {"alg": "ES256", "typ": _TYPES[draft.type]}
        payload: dict[str, Any] = {name: data[name] for name in _SIGNED[draft.type]}
        payload |= {"event_id": draft.event_id, "device_id": draft.device_id}
        payload["iat"] = now // SECOND
        if draft.type == SUBMITTED:
            payload["jkt"] = key.thumbprint
        if not honest:
            key = self._as_nobody_may(draft, header, payload, key)
        data["device_signature"] = key.token(header, payload)
        if not honest and random.random() < 0.2:
            forged = (None, "", "e30.e30.AA", data["device_signature"][:-1] + "=")
            data["device_signature"] = random.choice(forged)
            if random.random() < 0.3:
                data["challenge"] = random.choice((None, ""))

    def _challenge(self, reused: float) -> str:
        random = self._random
        if self._challenges and random.random() < reused:
            # Among the last 32, or forgotten.
            return random.choice(self._challenges[-random.choice((1, 4, 32, 33, 34, 60)) :])
        self._challenges.append(f"challenge ☎ {random.getrandbits(64):x}")
        return self._challenges[-1]

    def _as_nobody_may(
        self, draft: Draft, header: dict[str, Any], payload: dict[str, Any], key: PhoneKey
    ) -> PhoneKey:
        """Sign other things than the event says, at another time, or with another key."""
        random = self._random
        roll = random.random()
        if roll < 0.3:
            skew = random.choice((5 * MINUTE // SECOND, 5 * MINUTE // SECOND + 1, 86_400))
            payload["iat"] += random.choice((-skew, skew))
        elif roll < 0.5:
            return self._stranger
        elif roll < 0.6:
            header.update(random.choice(({"typ": "JWT"}, {"alg": "none"}, {"kid": "1"})))
        elif roll < 0.7:
            payload["iat"] = random.choice((None, str(payload["iat"]), 0.5 + payload["iat"]))
        elif roll < 0.8:
            payload["more"] = 1
        else:
            name = random.choice([*_SIGNED[draft.type], "event_id", "device_id"])
            said = payload[name]
            others = (True, 1.0, said + 1) if isinstance(said, int) else ("", "matched", None)
            payload[name] = random.choice(others)
        return key


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
