"""Fuzz targets of publishers' signatures: the header of a record, and the file of keys."""

import base64
from functools import cache
from pathlib import Path
from typing import Final

from agents.publisher_keys import PublisherKey, parse_publisher_keys
from agents.publisher_signatures import PublisherSignatures, require_granted
from agents.verification import verifier
from events.errors import MalformedInput, Misconfigured
from events.facts import Fact
from schemas.signatures import SIGNATURE_HEADER, canonical_form
from tests.fuzz.expected import check_error, check_refusal, malformed_or
from tests.fuzz.record_form import from_form
from tests.fuzz.signing_keys import is_right, keys_path
from tests.unit.sound_records import Record, read


@cache
def signatures() -> PublisherSignatures:
    """The check as a worker does it, in this thread."""
    return PublisherSignatures(keys_path(), mode="accept")


@cache
def _demanding() -> PublisherSignatures:
    return PublisherSignatures(keys_path(), mode="require")


def publisher_signatures(data: bytes) -> None:
    """A key is named only for what it signed, and whatever else a header says is refused."""
    records = from_form(data)
    outcomes = signatures().outcomes(records)
    demanded = _demanding().outcomes(records)
    assert len(outcomes) == len(demanded) == len(records)
    for record, outcome, strict in zip(records, outcomes, demanded, strict=True):
        _check_form(record)
        if outcome is None:
            assert SIGNATURE_HEADER not in dict(record.headers)
            assert isinstance(strict, MalformedInput)
            assert strict.code == "signature.missing"
        elif isinstance(outcome, MalformedInput):
            check_refusal(outcome)
            assert outcome.code.startswith("signature.")
        else:
            assert isinstance(strict, PublisherKey)
            assert strict.kid == outcome.kid
            token = dict(record.headers)[SIGNATURE_HEADER] or b""
            header, signature = token.split(b"..")
            signed = header + b"." + canonical_form(record.key, record.value, record.headers)
            assert is_right(outcome.kid, signed, base64.urlsafe_b64decode(signature + b"=="))
            fact = malformed_or(lambda record=record: read(record))
            if isinstance(fact, Fact):
                malformed_or(lambda fact=fact, key=outcome: require_granted(key, fact))


_SIGNED: Final = (
    "content-type",
    *(f"ce_{name}" for name in ("specversion", "id", "source", "type", "subject", "time")),
    "ce_dataschema",
)


def _check_form(record: Record) -> None:
    """The canonical form says all that is signed, so no two events have the same one."""
    by_name = dict(record.headers)
    said = [record.key, *(by_name.get(name) for name in _SIGNED), record.value]
    form = canonical_form(record.key, record.value, record.headers)
    fields: list[bytes | None] = []
    while form:
        if form.startswith(b"-,"):
            fields.append(None)
            form = form[2:]
            continue
        length, _, rest = form.partition(b":")
        fields.append(rest[: int(length)])
        form = rest[int(length) + 1 :]
    assert fields == [b"biolatch-event-1", *said]


def keys_file(data: bytes) -> None:
    """A file of keys is read, or the operator is told what is wrong, and no key."""
    try:
        keys = parse_publisher_keys(Path("publisher-keys.json"), data)
    except Misconfigured as error:
        check_error(error, {"signatures.keys-file"})
        return
    for kid, key in keys.items():
        assert key.kid == kid
        assert key.algorithm in {"EdDSA", "ES256", "HS256"}
        assert not verifier(key.verifying)(b"something", b"no signature")
        key.grant.is_valid_at(0)
        key.grant.is_valid_at(2**63)
