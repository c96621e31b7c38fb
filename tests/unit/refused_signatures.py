"""Every way in which a signature can be wrong, with the code of its dead letter."""

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from joserfc.jwk import ECKey

from schemas.malformed import MalformedCode
from schemas.signatures import canonical_form
from tests.unit.signed_records import TEST_KEYS, signed, signer, token_of, verifying
from tests.unit.sound_records import Record, compact

Token = Callable[[Record], bytes | None]
"""Makes the header's value for a record."""


def encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def jws(members: Mapping[str, Any] | bytes, algorithm: str = "ES256") -> Token:
    """A right signature under a JWS header of these members."""

    def token(record: Record) -> bytes:
        by = signer(algorithm)
        header = encoded(members if isinstance(members, bytes) else compact(members))
        by._header = header  # type: ignore[misc]  # noqa: SLF001 - what no signer of ours would say
        return token_of(signed(record, by))

    return token


def header(**changes: object) -> dict[str, object]:
    """The members of a JWS header; a change to ... takes one away."""
    members = {
        "alg": "ES256",
        "kid": "test-es256",
        "typ": "biolatch-event+jws",
        "b64": False,
        "crit": ["b64"],
        **changes,
    }
    return {name: value for name, value in members.items() if value is not ...}


def by(kid: str, algorithm: str = "ES256") -> Token:
    return lambda record: token_of(signed(record, signer(algorithm, kid)))


def hmac_with_the_public_key(record: Record) -> bytes:
    """The classical confusion: the public key, which everybody has, taken for a secret."""
    public = ECKey.import_key(verifying(TEST_KEYS["ES256"])).as_pem(private=False)
    head = encoded(compact(header(alg="HS256")))
    signing_input = head + b"." + canonical_form(record.key, record.value, record.headers)
    return head + b".." + encoded(hmac.digest(public, signing_input, "sha256"))


def of_the_same_event(change: Callable[[bytes], bytes]) -> Token:
    return lambda record: change(token_of(signed(record, signer("ES256"))))


INVALID, UNKNOWN = MalformedCode.SIGNATURE_INVALID, MalformedCode.SIGNATURE_KEY_UNKNOWN
REFUSED: Mapping[str, tuple[Token, MalformedCode]] = {
    "null": (lambda _: None, INVALID),
    "empty": (lambda _: b"", INVALID),
    "not-jws": (lambda _: b"signed, the backend", INVALID),
    "nothing-around-the-dots": (lambda _: b"..", INVALID),
    "payload-inside": (of_the_same_event(lambda token: token.replace(b"..", b".e30.")), INVALID),
    "five-parts": (of_the_same_event(lambda token: token + b"..x"), INVALID),
    "too-long": (of_the_same_event(lambda token: token + b"A" * 2048), INVALID),
    "padded": (of_the_same_event(lambda token: token + b"=="), INVALID),
    "spaced": (of_the_same_event(lambda token: token + b"\n"), INVALID),
    "cut": (of_the_same_event(lambda token: token[:-4]), INVALID),
    "der-encoded": (
        lambda record: (
            token_of(signed(record, signer("ES256"))).partition(b"..")[0] + b"..MEUCIQDx"
        ),
        INVALID,
    ),
    "no-signature": (of_the_same_event(lambda token: token.partition(b"..")[0] + b".."), INVALID),
    "zeroes": (
        of_the_same_event(lambda token: token.partition(b"..")[0] + b".." + encoded(bytes(64))),
        INVALID,
    ),
    "header-no-json": (jws(b"alg"), INVALID),
    "header-repeats-alg": (jws(b'{"alg":"none",' + compact(header())[1:]), INVALID),
    "header-no-object": (jws(b'["alg"]'), INVALID),
    "alg-none": (jws(header(alg="none")), INVALID),
    "alg-missing": (jws(header(alg=...)), INVALID),
    "alg-of-another-key": (jws(header(alg="HS256")), INVALID),
    "alg-in-lower-case": (jws(header(alg="es256")), INVALID),
    "kid-missing": (jws(header(kid=...)), INVALID),
    "typ-missing": (jws(header(typ=...)), INVALID),
    "typ-of-something-else": (jws(header(typ="JWT")), INVALID),
    "b64-missing": (jws(header(b64=...)), INVALID),
    "b64-true": (jws(header(b64=True)), INVALID),
    "b64-zero": (jws(header(b64=0)), INVALID),
    "crit-missing": (jws(header(crit=...)), INVALID),
    "crit-of-more": (jws(header(crit=["b64", "exp"])), INVALID),
    "key-brought-along": (jws(header(jwk=verifying(TEST_KEYS["ES256"]))), INVALID),
    "key-by-address": (jws(header(jku="https://example.com/keys")), INVALID),
    "public-key-as-secret": (hmac_with_the_public_key, INVALID),
    "another-key-under-this-kid": (by("test-es256", "EdDSA"), INVALID),
    "kid-unknown": (by("nobody"), UNKNOWN),
    "kid-no-text": (jws(header(kid=7)), UNKNOWN),
    "kid-in-upper-case": (by("TEST-ES256"), UNKNOWN),
    "ended": (by("ended"), MalformedCode.SIGNATURE_KEY_NOT_VALID),
    "to-come": (by("to-come"), MalformedCode.SIGNATURE_KEY_NOT_VALID),
    "another-type": (by("attempts-only"), MalformedCode.SIGNATURE_TYPE_NOT_ALLOWED),
    "another-source": (by("elsewhere"), MalformedCode.SIGNATURE_SOURCE_NOT_ALLOWED),
}
