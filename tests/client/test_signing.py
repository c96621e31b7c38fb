"""What the client signs, the worker's verifier accepts; and nothing that was changed afterwards."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey

from agents.publisher_keys import PublisherKey
from agents.publisher_signatures import PublisherSignatures
from biolatch_client.events import EVENT_TYPES
from biolatch_client.instants import parse_instant
from biolatch_client.records import Envelope, EventRecord, record_of
from biolatch_client.signing import EventSigner, UnusableKey
from biolatch_client.testing import EVENT_FACTORIES, attempt_finished
from deploy.event_signer import read_signer
from deploy.records.publisher import KeyedRecord
from events.errors import MalformedInput
from tests.unit.sound_records import TIME

KEYS: dict[str, Callable[[], Key]] = {
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "HS256": lambda: OctKey.generate_key(256),
}
ALGORITHMS = pytest.mark.parametrize("algorithm", KEYS)
ENVELOPE = Envelope(event_id="event-1", occurred_at=parse_instant(TIME))


@dataclass(frozen=True)
class Received:
    """A record as a worker gets it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int = 0
    offset: int = 0


def key_file(folder: Path, algorithm: str) -> Path:
    """A private key, as `biolatch keys` writes it."""
    jwk = KEYS[algorithm]().as_dict(private=True)
    file = folder / "private.jwk"
    file.write_text(json.dumps({**jwk, "kid": "backend-1", "alg": algorithm}))
    file.chmod(0o600)
    return file


def verifier(folder: Path, private: Path) -> PublisherSignatures:
    jwk = json.loads(private.read_text())
    public = {name: value for name, value in jwk.items() if name != "d"}
    grant = {"event_types": ["*"], "sources": ["/backend"]}
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": [public], "grants": {"backend-1": grant}}))
    file.chmod(0o600)
    return PublisherSignatures(file, mode="require")


def received(record: EventRecord) -> Received:
    return Received(record.key, record.value, record.headers)


def outcomes_of(signatures: PublisherSignatures, records: Sequence[EventRecord]) -> list[object]:
    return list(signatures.outcomes([received(record) for record in records]))  # type: ignore[misc]


@ALGORITHMS
def test_the_worker_accepts_every_event_that_is_signed(tmp_path: Path, algorithm: str) -> None:
    private = key_file(tmp_path, algorithm)
    signer = EventSigner.from_file(private)
    records = [
        signer.signed(record_of("phone-1", EVENT_FACTORIES[each](), source="/backend"))
        for each in EVENT_TYPES
    ]
    outcomes = outcomes_of(verifier(tmp_path, private), records)
    assert all(isinstance(each, PublisherKey) for each in outcomes)


@ALGORITHMS
def test_the_worker_refuses_what_was_changed_afterwards(tmp_path: Path, algorithm: str) -> None:
    private = key_file(tmp_path, algorithm)
    signed = EventSigner.from_file(private).signed(
        record_of("phone-1", attempt_finished(), source="/backend")
    )
    changed = [
        signed._replace(key=b"phone-2"),
        signed._replace(value=signed.value.replace(b"user-1", b"user-2")),
        *(
            signed._replace(
                headers=tuple(
                    (name, value + b"x" if name == changed_name else value)
                    for name, value in signed.headers
                )
            )
            for changed_name, _ in signed.headers[:-1]
        ),
    ]
    outcomes = outcomes_of(verifier(tmp_path, private), changed)
    assert [each.code for each in outcomes if isinstance(each, MalformedInput)] == [
        "signature.invalid"
    ] * len(changed)


def test_a_signature_is_the_one_that_the_publish_command_makes(tmp_path: Path) -> None:
    # HS256 and EdDSA always sign the same bytes alike.
    for algorithm in ("HS256", "EdDSA"):
        private = key_file(tmp_path, algorithm)
        record = record_of("phone-1", attempt_finished(), source="/backend", envelope=ENVELOPE)
        command_s = read_signer(private).signed(KeyedRecord(*record[:3]))
        assert EventSigner.from_file(private).signed(record).headers == command_s.headers


def secret_for(algorithm: str) -> str:
    return json.dumps({"kid": "a", "alg": algorithm, "kty": "oct", "k": "c3dvcmRmaXNo" * 3})


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ("{}", 0o600, "holds no JWK"),
        ("swordfish", 0o600, "holds no JWK"),
        (secret_for("none"), 0o600, "alg is none of"),
        (secret_for("ES256"), 0o600, "no private key"),
        ("{}", 0o644, "chmod 600"),
    ],
)
def test_a_key_that_is_of_no_use_is_refused_without_being_shown(
    tmp_path: Path, text: str, mode: int, says: str
) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(UnusableKey, match=says) as refused:
        EventSigner.from_file(file)
    assert "swordfish" not in str(refused.value)
    assert "c3dvcmRmaXNo" not in str(refused.value)


def test_a_missing_key_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnusableKey, match="cannot be read"):
        EventSigner.from_file(tmp_path / "none")
