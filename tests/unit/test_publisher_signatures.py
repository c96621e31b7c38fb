# Goal: a record without the right signature changes nothing, and its dead letter says why.
import asyncio
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from agents import tally
from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, InputRecord, Partition
from agents.publisher_signatures import PublisherSignatures
from agents.verification_processes import VerificationProcesses
from events.errors import MalformedInput
from schemas.malformed import MalformedCode
from schemas.signatures import SIGNATURE_HEADER
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS
from tests.unit.counted import counted
from tests.unit.refused_signatures import INVALID, REFUSED, Token, encoded, header, jws
from tests.unit.signed_records import (
    ALL,
    TEST_KEYS,
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
    FINISHED,
    NOW_MS,
    SOURCE,
    SUBMITTED,
    Record,
    binary,
    compact,
    structured,
)

PARTITION = Partition(DEVICE_EVENTS, 3)
ENROLLMENT = binary(SUBMITTED, compact(COMPLETE[SUBMITTED]))
ATTEMPT = binary(FINISHED, compact(COMPLETE[FINISHED])).with_header("ce_id", b"event-2")
AN_HOUR_MS = 3_600_000

Mode = Literal["require", "accept"]


def rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """One key for each algorithm, and grants that are narrow in one thing each."""
    ends = {**ALL, "not_after": rfc3339(NOW_MS - 1)}
    begins = {**ALL, "not_before": rfc3339(NOW_MS + 1)}
    other_type = {**ALL, "event_types": [FINISHED]}
    other_source = {**ALL, "sources": ["/another-backend"]}
    grants = {
        **{TEST_KEYS[algorithm]["kid"]: ALL for algorithm in TEST_KEYS},
        "ended": ends,
        "to-come": begins,
        "attempts-only": other_type,
        "elsewhere": other_source,
    }
    own = {jwk["kid"]: verifying(jwk) for jwk in TEST_KEYS.values()}
    narrow = {"kid": "", **verifying(TEST_KEYS["ES256"])}
    keys = [own.get(kid) or {**narrow, "kid": kid} for kid in grants]
    return write_file(tmp_path / "keys.json", {"keys": keys, "grants": grants})


def decided(
    signatures: PublisherSignatures | None, *records: Record
) -> tuple[DevicesAgent, BatchResult]:
    """What a fresh worker makes of these records on an empty partition."""
    agent = DevicesAgent(Policy(), signatures)
    return agent, agent(PARTITION, {}, records)


def codes(result: BatchResult) -> list[str]:
    letters = result.outgoing.get(DEAD_LETTERS, ())
    return [(dict(headers)["biolatch-error-code"] or b"").decode() for *_, headers in letters]


ROWS = pytest.mark.parametrize(("token", "code"), REFUSED.values(), ids=REFUSED)


@pytest.mark.parametrize("mode", ["require", "accept"])
@ROWS
def test_each_fault_is_a_dead_letter_of_its_code_and_changes_nothing(
    token: Token, code: MalformedCode, mode: Mode, keys_file: Path
) -> None:
    right = signer("HS256")
    bad = ENROLLMENT.with_header("ce_id", b"event-0").with_more_headers((SIGNATURE_HEADER, None))
    bad = replace(with_token(bad, token(bad)), offset=11)
    before, after = (
        replace(signed(record, right), offset=offset)
        for record, offset in ((ENROLLMENT, 10), (ATTEMPT, 12))
    )
    signatures = PublisherSignatures(keys_file, mode=mode)
    _, with_bad = decided(signatures, before, bad, after)
    _, without = decided(signatures, before, after)
    assert with_bad.rows == without.rows
    assert with_bad.latest == without.latest
    (letter,) = with_bad.outgoing[DEAD_LETTERS]
    assert {**with_bad.outgoing, DEAD_LETTERS: []} == {**without.outgoing, DEAD_LETTERS: []}
    assert counted(with_bad, tally.DEAD_LETTER) == {(code.value,): 1}
    assert counted(with_bad, tally.SKIPPED) == {}
    key, value, headers = letter
    assert (key, value) == (bad.key, bad.value)
    assert tuple(headers[: len(bad.headers)]) == bad.headers
    assert dict(headers)["biolatch-error-code"] == code.encode()


@ROWS
def test_a_message_tells_nothing_of_keys_kids_or_people(
    token: Token, code: MalformedCode, keys_file: Path
) -> None:
    bad = ENROLLMENT.with_more_headers((SIGNATURE_HEADER, None))
    _, result = decided(requiring(keys_file), with_token(bad, token(bad)))
    (letter,) = result.outgoing[DEAD_LETTERS]
    message = (dict(letter[2])["biolatch-error-message"] or b"").decode()
    assert codes(result) == [code]
    assert message.isprintable()
    secret = TEST_KEYS["HS256"]["k"]
    told = ("phone-1", "user-1", "event-1", "test-", "nobody", "ended", secret)
    assert not any(each in message for each in told)


def test_every_code_of_signatures_has_a_row() -> None:
    rows = {code for _, code in REFUSED.values()} | {MalformedCode.SIGNATURE_MISSING}
    assert rows == {code for code in MalformedCode if code.startswith("signature.")}


def test_an_unsigned_record_is_refused_where_signatures_are_required(keys_file: Path) -> None:
    _, result = decided(requiring(keys_file), ENROLLMENT)
    assert codes(result) == [MalformedCode.SIGNATURE_MISSING]
    assert set(result.outgoing) == {DEAD_LETTERS}
    assert result.rows == {}


def test_an_unsigned_record_is_decided_where_signatures_are_accepted(keys_file: Path) -> None:
    signatures = PublisherSignatures(keys_file, mode="accept")
    assert decided(signatures, ENROLLMENT)[1] == decided(None, ENROLLMENT)[1]


@pytest.mark.parametrize("algorithm", TEST_KEYS)
@pytest.mark.parametrize("mode", ["require", "accept"])
def test_a_signature_changes_nothing_of_what_a_record_leads_to(
    algorithm: str, mode: Mode, keys_file: Path
) -> None:
    records = [
        replace(record, offset=offset) for offset, record in enumerate((ENROLLMENT, ATTEMPT))
    ]
    signatures = PublisherSignatures(keys_file, mode=mode)
    _, result = decided(signatures, *(signed(record, signer(algorithm)) for record in records))
    assert result == decided(None, *records)[1]


def test_nobody_looks_at_signatures_where_they_are_off() -> None:
    nonsense = ENROLLMENT.with_more_headers((SIGNATURE_HEADER, b"nonsense"))
    assert decided(None, nonsense)[1] == decided(None, ENROLLMENT)[1]


def test_structured_mode_is_signed_in_the_same_way(keys_file: Path) -> None:
    record = structured(SUBMITTED, compact(COMPLETE[SUBMITTED]))
    right = signed(record, signer("EdDSA"))
    assert decided(requiring(keys_file), right)[1] == decided(None, record)[1]
    assert right.value is not None
    other = replace(right, value=right.value.replace(b"user-1", b"user-2"))
    assert codes(decided(requiring(keys_file), other)[1]) == [INVALID]


def test_a_grant_is_judged_by_what_a_structured_event_says(keys_file: Path) -> None:
    record = structured(SUBMITTED, compact(COMPLETE[SUBMITTED]))
    # A header of another type, which no reader looks at in this mode, is signed and helps nobody.
    dressed = record.with_more_headers(("ce_type", FINISHED.encode()))
    result = decided(requiring(keys_file), signed(dressed, signer("ES256", "attempts-only")))[1]
    assert codes(result) == [MalformedCode.SIGNATURE_TYPE_NOT_ALLOWED]


def test_two_signatures_are_one_too_many(keys_file: Path) -> None:
    right = signed(ENROLLMENT, signer("ES256"))
    twice = right.with_more_headers((SIGNATURE_HEADER, token_of(right)))
    assert codes(decided(requiring(keys_file), twice)[1]) == [INVALID]


def test_a_signed_header_that_is_repeated_is_refused_when_it_is_read(keys_file: Path) -> None:
    twice = ENROLLMENT.with_more_headers(("ce_source", b"/another-backend"))
    result = decided(requiring(keys_file), signed(twice, signer("ES256")))[1]
    assert codes(result) == [MalformedCode.HEADER_REPEATED]


def test_a_record_that_cannot_be_read_either_is_refused_for_its_signature_first(
    keys_file: Path,
) -> None:
    broken = replace(ENROLLMENT, value=b"{")
    signatures = requiring(keys_file)
    assert codes(decided(signatures, broken)[1]) == [MalformedCode.SIGNATURE_MISSING]
    right = signed(broken, signer("ES256"))
    assert codes(decided(signatures, right)[1]) == [MalformedCode.NOT_JSON]


@pytest.mark.parametrize(
    ("offset_ms", "letters"), [(-AN_HOUR_MS - 1, 1), (-AN_HOUR_MS, 0), (-1, 0), (0, 1)]
)
def test_a_key_is_valid_by_the_time_at_which_the_record_was_appended(
    offset_ms: int, letters: int, tmp_path: Path
) -> None:
    grant = {**ALL, "not_before": rfc3339(NOW_MS - AN_HOUR_MS), "not_after": rfc3339(NOW_MS)}
    signatures = requiring(write_keys(tmp_path / "keys.json", ES256=grant))
    record = signed(replace(ENROLLMENT, timestamp=NOW_MS + offset_ms), signer("ES256"))
    found = codes(decided(signatures, record)[1])
    assert found == letters * [MalformedCode.SIGNATURE_KEY_NOT_VALID]


def test_a_source_is_compared_as_a_whole(tmp_path: Path) -> None:
    for granted, expected in ((SOURCE, []), (SOURCE[:-1], ["signature.source_not_allowed"])):
        grant = {**ALL, "sources": [granted]}
        signatures = requiring(write_keys(tmp_path / "keys.json", ES256=grant))
        assert codes(decided(signatures, signed(ENROLLMENT, signer("ES256")))[1]) == expected


def test_a_record_that_its_row_has_already_is_skipped_only_if_it_is_signed(
    keys_file: Path,
) -> None:
    right = signed(ENROLLMENT, signer("ES256"))
    agent, first = decided(requiring(keys_file), right)
    rows = {key: row for key, row in first.rows.items() if row is not None}
    again = agent(PARTITION, rows, [right])
    assert set(again.outgoing) == set()
    assert again.counts == {(tally.SKIPPED,): 1}
    unsigned = agent(PARTITION, rows, [ENROLLMENT])
    assert codes(unsigned) == [MalformedCode.SIGNATURE_MISSING]
    assert counted(unsigned, tally.SKIPPED) == {}


def test_what_is_verified_ahead_elsewhere_is_what_is_verified_at_once(keys_file: Path) -> None:
    bare = ENROLLMENT.with_more_headers((SIGNATURE_HEADER, None))
    wrong = [with_token(bare, token(bare)) for token, _ in REFUSED.values()]
    right = [signed(ENROLLMENT, signer(algorithm)) for algorithm in TEST_KEYS]
    records = [
        replace(record, offset=offset)
        for offset, record in enumerate([*right, *wrong, ENROLLMENT, *right])
    ]
    expected = decided(requiring(keys_file), *records)[1]
    assert codes(expected) == [
        *(code for _, code in REFUSED.values()),
        MalformedCode.SIGNATURE_MISSING,
    ]

    async def ahead(agent: DevicesAgent, some: Sequence[Record]) -> Sequence[InputRecord]:
        prepared = agent.prepare({}, some)
        assert prepared is not None
        return await prepared

    with closing(VerificationProcesses(2)) as processes:
        agent = DevicesAgent(Policy(), requiring(keys_file), processes=processes)
        assert agent(PARTITION, {}, asyncio.run(ahead(agent, records))) == expected
        few = asyncio.run(ahead(agent, records[:3]))  # for which nobody else is asked
        assert agent(PARTITION, {}, few) == decided(requiring(keys_file), *records[:3])[1]


def test_only_who_has_a_key_can_have_anything_remembered(keys_file: Path) -> None:
    signatures = requiring(keys_file)

    def remembered() -> int:
        return len(signatures._headers)  # noqa: SLF001 - what an attacker would fill

    bare = ENROLLMENT.with_more_headers((SIGNATURE_HEADER, None))
    forged = [
        with_token(bare, encoded(json.dumps(header(), indent=n).encode()) + b".." + b"A" * 86)
        for n in range(500)
    ]
    found = signatures.outcomes(forged)
    assert {each.code for each in found if isinstance(each, MalformedInput)} == {INVALID}
    assert remembered() == 0
    spelled = [
        with_token(bare, jws(json.dumps(header(), indent=n).encode())(bare)) for n in range(150)
    ]
    spelled += [with_token(bare, jws(b" " * n + compact(header()))(bare)) for n in range(150)]
    found = signatures.outcomes(spelled)
    assert not [each for each in found if isinstance(each, MalformedInput)]
    assert 0 < remembered() <= 256
