"""Signed records, the keys that they are signed with, and files of such keys."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from joserfc.jwk import JWKRegistry

from agents.publisher_signatures import PublisherSignatures
from deploy.event_signer import EventSigner
from deploy.records.publisher import KeyedRecord
from schemas.signatures import SIGNATURE_HEADER
from tests.unit.sound_records import Record

GOLDEN = Path(__file__).parents[1] / "golden" / "signatures"
VECTORS = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted(GOLDEN.glob("*.json"))
    if file.stem != "publisher-keys"
}
TEST_KEYS: Mapping[str, dict[str, Any]] = {
    vector["private_key"]["alg"]: vector["private_key"] for vector in VECTORS.values()
}
"""Private keys by algorithm; test keys that the RFCs have published."""

ALL: Mapping[str, Any] = {"event_types": ["*"], "sources": ["*"]}


def signer(algorithm: str, kid: str | None = None) -> EventSigner:
    """Signs with the test key of the algorithm, under its own name or another one."""
    jwk = TEST_KEYS[algorithm]
    return EventSigner(kid or jwk["kid"], algorithm, JWKRegistry.import_key(jwk))


def signed(record: Record, by: EventSigner) -> Record:
    """The record with its signature."""
    assert record.key is not None
    assert record.value is not None
    done = by.signed(KeyedRecord(record.key, record.value, record.headers))
    return replace(record, headers=tuple(done.headers))


def with_token(record: Record, token: bytes | None) -> Record:
    """The record with this in place of its signature."""
    return record.with_header(SIGNATURE_HEADER, token)


def token_of(record: Record) -> bytes:
    """The record's signature."""
    token = dict(record.headers)[SIGNATURE_HEADER]
    assert token is not None
    return token


def verifying(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """What workers need of a private key."""
    return {name: value for name, value in jwk.items() if name != "d"}


def write_keys(path: Path, **grants: Mapping[str, Any]) -> Path:
    """A keys file with the test keys of these algorithms, each under such a grant."""
    keys = [verifying(TEST_KEYS[algorithm]) for algorithm in grants]
    by_kid = {TEST_KEYS[algorithm]["kid"]: grant for algorithm, grant in grants.items()}
    return write_file(path, {"keys": keys, "grants": by_kid})


def write_file(path: Path, content: object) -> Path:
    """A keys file of this content, for its owner only; replaced as a whole."""
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content), encoding="utf-8")
    new.chmod(0o600)
    new.replace(path)
    return path


def requiring(path: Path) -> PublisherSignatures:
    """Signatures as a worker with `require` verifies them."""
    return PublisherSignatures(path, mode="require")
