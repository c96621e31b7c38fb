# Goal: a signature holds for these very bytes, and for whoever reads the same RFCs.
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.common import json_encode
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS, InvalidJWSSignature

from agents.publisher_signatures import PublisherSignatures
from events.errors import MalformedInput
from schemas.signatures import SIGNATURE_HEADER, canonical_form
from tests.unit.signed_records import (
    ALL,
    GOLDEN,
    TEST_KEYS,
    VECTORS,
    requiring,
    signed,
    signer,
    token_of,
    verifying,
    with_token,
    write_file,
    write_keys,
)
from tests.unit.sound_records import (
    COMPLETE,
    DATA_TYPES,
    FINISHED,
    Record,
    binary,
    compact,
    structured,
)

COVERED = (
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
)
EVENT = binary(FINISHED, compact(COMPLETE[FINISHED])).with_more_headers(
    ("ce_dataschema", b"urn:example:schema")
)
EVENTS = {
    **{name: binary(name, compact(COMPLETE[name])) for name in DATA_TYPES},
    "structured": structured(FINISHED, compact(COMPLETE[FINISHED])),
}


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> PublisherSignatures:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    return requiring(write_keys(path, **dict.fromkeys(TEST_KEYS, ALL)))


def passes(signatures: PublisherSignatures, record: Record) -> bool:
    (outcome,) = signatures.outcomes([record])
    return not isinstance(outcome, MalformedInput)


def one_byte_changed(draw: st.DrawFn, old: bytes) -> bytes:
    """Another byte somewhere, one more, or one less."""
    place = draw(st.integers(0, len(old) - 1))
    match draw(st.sampled_from(["other", "more", "less"])):
        case "other":
            new = draw(st.integers(0, 255).filter(lambda byte: byte != old[place]))
            return old[:place] + bytes([new]) + old[place + 1 :]
        case "more":
            return old[:place] + bytes([draw(st.integers(0, 255))]) + old[place:]
        case _:
            return old[:place] + old[place + 1 :]


@given(data=st.data(), algorithm=st.sampled_from(sorted(TEST_KEYS)))
def test_a_change_of_one_byte_anywhere_is_refused(
    signatures: PublisherSignatures, data: st.DataObject, algorithm: str
) -> None:
    right = signed(EVENT, signer(algorithm))
    assert passes(signatures, right)
    changed = data.draw(st.composite(_changed)(right))
    assert changed != right
    assert not passes(signatures, changed)


def _changed(draw: st.DrawFn, right: Record) -> Record:
    place = draw(st.sampled_from(["key", "value", *COVERED, SIGNATURE_HEADER]))
    match place:
        case "key":
            return replace(right, key=one_byte_changed(draw, right.key or b""))
        case "value":
            return replace(right, value=one_byte_changed(draw, right.value or b""))
        case _:
            old = dict(right.headers)[place] or b""
            return right.with_header(place, one_byte_changed(draw, old))


@pytest.mark.parametrize("algorithm", TEST_KEYS)
def test_every_byte_of_the_signature_counts(
    signatures: PublisherSignatures, algorithm: str
) -> None:
    right = signed(EVENT, signer(algorithm))
    token = token_of(right)
    for place, byte in enumerate(token):
        for other in (byte ^ 1, ord("A") if byte != ord("A") else ord("B")):
            changed = token[:place] + bytes([other]) + token[place + 1 :]
            assert not passes(signatures, with_token(right, changed))


@pytest.mark.parametrize("name", COVERED)
def test_a_covered_header_cannot_be_left_out_or_added(
    signatures: PublisherSignatures, name: str
) -> None:
    right = signed(EVENT, signer("HS256"))
    assert not passes(signatures, right.without_header(name))
    without = signed(EVENT.without_header(name), signer("HS256"))
    assert passes(signatures, without)
    assert not passes(signatures, without.with_more_headers((name, b"")))


def test_what_is_not_covered_may_change(signatures: PublisherSignatures) -> None:
    right = signed(EVENT, signer("ES256"))
    traced = right.with_more_headers(("ce_traceparent", b"00-1"), ("traceparent", b"00-1"))
    elsewhere = replace(traced, headers=tuple(reversed(traced.headers)), timestamp=0, offset=99)
    assert passes(signatures, elsewhere)


def test_whoever_signs_again_replaces_the_signature(signatures: PublisherSignatures) -> None:
    foreign = EVENT.with_more_headers((SIGNATURE_HEADER, b"of somebody else"))
    twice = signed(signed(foreign, signer("HS256")), signer("EdDSA"))
    assert [name for name, _ in twice.headers].count(SIGNATURE_HEADER) == 1
    assert passes(signatures, twice)


def test_a_value_that_is_missing_is_not_one_that_is_empty() -> None:
    assert canonical_form(b"k", None, ()) != canonical_form(b"k", b"", ())
    assert canonical_form(None, b"v", ()) != canonical_form(b"", b"v", ())


_Bytes = st.none() | st.binary(max_size=12) | st.sampled_from([b"-,", b"1:a,", b"3:1.0,-"])


@given(
    one=st.tuples(*[_Bytes] * (2 + len(COVERED))), other=st.tuples(*[_Bytes] * (2 + len(COVERED)))
)
def test_two_events_never_have_one_form(
    one: tuple[bytes | None, ...], other: tuple[bytes | None, ...]
) -> None:
    def form(event: tuple[bytes | None, ...]) -> bytes:
        key, value, *headers = event
        return canonical_form(key, value, list(zip(COVERED, headers, strict=True)))

    assert (form(one) == form(other)) is (one == other)


@pytest.mark.parametrize("algorithm", TEST_KEYS)
@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_another_library_verifies_what_we_sign(algorithm: str, event: Record) -> None:
    right = signed(event, signer(algorithm))
    payload = canonical_form(event.key, event.value, event.headers)
    public = JWK(**verifying(TEST_KEYS[algorithm]))
    theirs = JWS()
    theirs.allowed_algs = [algorithm]
    theirs.deserialize(token_of(right).decode())
    theirs.verify(public, detached_payload=payload)
    with pytest.raises(InvalidJWSSignature):
        theirs.verify(public, detached_payload=payload + b",")


def by_another_library(algorithm: str, event: Record) -> bytes:
    jwk = TEST_KEYS[algorithm]
    token = JWS(canonical_form(event.key, event.value, event.headers))
    # In another order than ours, as their encoder has it.
    protected = {
        "alg": algorithm,
        "b64": False,
        "crit": ["b64"],
        "kid": jwk["kid"],
        "typ": "biolatch-event+jws",
    }
    token.allowed_algs = [algorithm]
    token.add_signature(JWK(**jwk), None, protected=json_encode(protected))
    token.detach_payload()
    whole: str = token.serialize(compact=True)
    return whole.encode()


@pytest.mark.parametrize("algorithm", TEST_KEYS)
@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_we_verify_what_another_library_signs(
    signatures: PublisherSignatures, algorithm: str, event: Record
) -> None:
    token = by_another_library(algorithm, event)
    assert passes(signatures, event.with_more_headers((SIGNATURE_HEADER, token)))


def _golden() -> Iterator[Any]:
    for name, vector in VECTORS.items():
        frozen = vector["record"]
        headers = tuple((each, value.encode()) for each, value in frozen["headers"])
        record = Record(frozen["key"].encode(), frozen["value"].encode(), headers)
        yield pytest.param(record, vector, id=name)


@pytest.mark.parametrize(("record", "vector"), list(_golden()))
def test_a_golden_signature_is_right_for_ever(
    record: Record, vector: dict[str, Any], tmp_path: Path
) -> None:
    form = canonical_form(record.key, record.value, record.headers).decode()
    assert form == vector["canonical_form"]
    token = vector["ce_signature"]
    assert vector["signing_input"] == f"{token.partition('..')[0]}.{form}"
    right = record.with_more_headers((SIGNATURE_HEADER, token.encode()))
    keys = json.loads((GOLDEN / "publisher-keys.json").read_text(encoding="utf-8"))
    assert passes(requiring(write_file(tmp_path / "keys.json", keys)), right)
    if vector["private_key"]["alg"] != "ES256":  # whose signatures differ each time
        assert token_of(signed(record, signer(vector["private_key"]["alg"]))).decode() == token
    assert json.loads(vector["jws_header"])["kid"] == vector["private_key"]["kid"]
    assert "never use" in vector["warning"]
