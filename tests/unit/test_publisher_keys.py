# Goal: a keys file that is wrong is refused by name, and one that changes counts at once.
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.current_keys import CurrentKeys
from agents.publisher_keys import read_publisher_keys
from events.errors import MalformedInput, Misconfigured
from tests.unit.signed_records import (
    ALL,
    GOLDEN,
    TEST_KEYS,
    requiring,
    signed,
    signer,
    verifying,
    write_file,
    write_keys,
)
from tests.unit.sound_records import COMPLETE, REVOKED, binary, compact

ES256, HS256, EDDSA = (verifying(TEST_KEYS[name]) for name in ("ES256", "HS256", "EdDSA"))
KID = ES256["kid"]
SECRET = HS256["k"]
EVENT = binary(REVOKED, compact(COMPLETE[REVOKED]))


def of(*keys: object, grants: object = None) -> dict[str, object]:
    """What a file holds; by default one grant for each key."""
    usual = {key["kid"]: ALL for key in keys if isinstance(key, dict) and "kid" in key}
    return {"keys": list(keys), "grants": usual if grants is None else grants}


def granting(**changes: object) -> dict[str, object]:
    return of(ES256, grants={KID: {**ALL, **changes}})


UNUSABLE: Mapping[str, tuple[object, str]] = {
    "a-list": ([], "is no file of keys"),
    "no-grants": ({"keys": [ES256]}, "grants: Field required"),
    "no-keys": ({"grants": {}}, "keys: Field required"),
    "another-member": ({**of(ES256), "key": []}, "key: Extra inputs"),
    "name-with-tricks": (
        of(ES256, grants={"test-es256": {**ALL, "not_af\u200bter\r\n": 1}}),
        r"grants.test-es256.not_af\u200bter\r\n: Extra inputs",
    ),
    "key-without-grant": (of(ES256, grants={}), "'test-es256' has no grant"),
    "grant-without-key": (of(ES256, grants={KID: ALL, "x": ALL}), "grants.x: there is no key"),
    "two-of-one-kid": (of(ES256, ES256), "two keys have one kid"),
    "no-kid": (of({**ES256, "kid": 7}, grants={}), "a key has no kid"),
    "kid-with-space": (of({**ES256, "kid": "a b"}), "grants.a b"),
    "no-alg": (of({**ES256, "alg": None}), "alg has to be EdDSA, ES256 or HS256"),
    "alg-none": (of({**ES256, "alg": "none"}), "alg has to be"),
    "alg-of-rsa": (of({**ES256, "alg": "RS256"}), "alg has to be"),
    "alg-of-another-kind": (of({**ES256, "alg": "HS256"}), "HS256 needs a key of kind oct"),
    "secret-as-public": (of({**HS256, "alg": "ES256"}), "ES256 needs a key of kind P-256"),
    "another-curve": (of({**ES256, "crv": "P-384"}), "ES256 needs a key of kind P-256"),
    "exchange-key": (of({**EDDSA, "crv": "X25519"}), "EdDSA needs a key of kind Ed25519"),
    "private": (of({**TEST_KEYS["ES256"]}), "it is private, and belongs to its publisher"),
    "not-on-the-curve": (
        of({**ES256, "x": ES256["y"]}),
        "key test-es256: is no such key (ValueError)",
    ),
    "half-a-point": (of({k: v for k, v in ES256.items() if k != "y"}), "key test-es256: "),
    "for-encryption": (of({**ES256, "use": "enc"}), "key test-es256: use is not sig"),
    "for-signing-only": (of({**ES256, "key_ops": ["sign"]}), "key test-es256: "),
    "secret-for-signing-only": (of({**HS256, "key_ops": ["sign"]}), "key test-hs256: is no such"),
    "short-secret": (of({**HS256, "k": "c2hvcnQ"}), "a secret has at least 32 bytes"),
    "31-bytes": (of({**HS256, "k": "A" * 42}), "a secret has at least 32 bytes"),
    "empty-secret": (of({**HS256, "k": ""}), "key test-hs256: "),
    "no-types": (granting(event_types=[]), "event_types"),
    "unknown-type": (granting(event_types=["biolatch.x.v1"]), "is no input event"),
    "no-sources": (granting(sources=[]), "sources"),
    "no-offset": (granting(not_after="2026-01-01T00:00:00"), "not_after"),
    "turned-round": (
        granting(not_before="2026-01-02T00:00:00Z", not_after="2026-01-01T00:00:00Z"),
        "not_before is not before not_after",
    ),
    "another-limit": (granting(audience="x"), "audience: Extra inputs"),
}


@pytest.mark.parametrize(("content", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_keys_file_is_refused_by_name(content: object, why: str, tmp_path: Path) -> None:
    path = write_file(tmp_path / "keys.json", content)
    with pytest.raises(Misconfigured) as refused:
        read_publisher_keys(path)
    assert refused.value.code == "signatures.keys-file"
    message = str(refused.value)
    assert why in message
    assert str(path) in message
    told = [SECRET, ES256["x"], ES256["y"], TEST_KEYS["ES256"]["d"]]
    assert not any(each in message for each in told)


@pytest.mark.parametrize("text", ["", "{", '{"keys":[],"keys":[],"grants":{}}', "\ufeff{}", "7"])
def test_what_is_no_json_object_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match="is no file of keys"):
        read_publisher_keys(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        read_publisher_keys(tmp_path / "keys.json")


def test_the_keys_of_the_golden_records_are_usable() -> None:
    path = GOLDEN / "publisher-keys.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["keys"] == [verifying(jwk) for jwk in (HS256, ES256, EDDSA)]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_is_for_its_owner_only(mode: int, tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", ES256=ALL, HS256=ALL)
    assert len(read_publisher_keys(path)[0]) == 2
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_publisher_keys(path)
    write_keys(path, ES256=ALL).chmod(mode)
    assert len(read_publisher_keys(path)[0]) == 1


@pytest.mark.parametrize(("mode", "usable"), [(0o440, 2), (0o640, 2), (0o444, 0), (0o660, 0)])
def test_the_group_may_read_a_secret_that_somebody_else_owns(
    mode: int, usable: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Kubernetes mounts a secret for a worker that is not root: root's, readable by its group.
    path = write_keys(tmp_path / "keys.json", ES256=ALL, HS256=ALL)
    path.chmod(mode)
    someone = path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone)
    if usable:
        assert len(read_publisher_keys(path)[0]) == usable
    else:
        with pytest.raises(Misconfigured, match="chmod 600"):
            read_publisher_keys(path)


def test_keys_that_everybody_may_change_are_nobodys(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", ES256=ALL)
    path.chmod(0o646)
    with pytest.raises(Misconfigured, match="chmod o-w"):
        read_publisher_keys(path)


def test_a_changed_file_counts_at_once_and_an_unchanged_one_is_left_alone(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", ES256=ALL)
    keys = CurrentKeys(path)
    before = keys.by_kid
    assert not keys.refresh()
    assert keys.by_kid is before
    write_keys(path, HS256=ALL)
    with capture_logs() as log:
        assert keys.refresh()
    assert set(keys.by_kid) == {"test-hs256"}
    (line,) = log
    assert (line["added"], line["withdrawn"]) == (["test-hs256"], ["test-es256"])


def test_a_link_that_leads_elsewhere_is_a_changed_file(tmp_path: Path) -> None:
    # As Kubernetes does it: the file is a link through `..data`, which is swapped as a whole.
    for version, algorithm in (("1", "ES256"), ("2", "EdDSA")):
        folder = tmp_path / f"..{version}"
        folder.mkdir()
        write_keys(folder / "keys.json", **{algorithm: ALL})
        os.utime(folder / "keys.json", ns=(0, 0))
    data, path = tmp_path / "..data", tmp_path / "keys.json"
    data.symlink_to("..1")
    path.symlink_to("..data/keys.json")
    keys = CurrentKeys(path)
    swapped = tmp_path / "..data_tmp"
    swapped.symlink_to("..2")
    swapped.replace(data)
    assert keys.refresh()
    assert set(keys.by_kid) == {"test-eddsa"}


@pytest.mark.parametrize("trouble", ["half", "gone", "exposed", "empty", "folder"])
def test_an_unusable_file_leaves_the_keys_and_is_told_once_and_tried_until_it_is_mended(
    trouble: str, tmp_path: Path
) -> None:
    path = write_keys(tmp_path / "keys.json", HS256=ALL)
    keys = CurrentKeys(path)
    whole = path.read_bytes()
    match trouble:
        case "half":
            path.write_bytes(whole[: len(whole) // 2])
        case "exposed":
            path.chmod(0o644)
        case "empty":
            path.write_bytes(b"")
        case _:
            path.unlink()
            if trouble == "folder":
                path.mkdir()
    with capture_logs() as log:
        assert not any(keys.refresh() for _ in range(3))
    assert set(keys.by_kid) == {"test-hs256"}
    assert [line["event"] for line in log] == ["signatures.keys-unusable"]
    assert SECRET not in str(log)
    if trouble == "folder":
        path.rmdir()
    write_keys(path, HS256=ALL, ES256=ALL)
    assert keys.refresh()
    assert set(keys.by_kid) == {"test-hs256", "test-es256"}


def test_a_file_written_on_after_it_was_read_half_is_read_again(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", HS256=ALL)
    keys = CurrentKeys(path)
    whole = write_keys(tmp_path / "other.json", EdDSA=ALL).read_bytes()
    about = path.stat()
    for end in (10, 100, len(whole)):
        path.write_bytes(whole[:end])
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        assert keys.refresh() == (end == len(whole))
    assert set(keys.by_kid) == {"test-eddsa"}


def test_a_withdrawn_key_is_withdrawn_for_signatures_that_it_made_before(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", ES256=ALL, EdDSA=ALL)
    signatures = requiring(path)
    record = signed(EVENT, signer("ES256"))

    def outcome() -> Any:  # noqa: ANN401 - an Outcome
        return signatures.outcomes([record])[0]

    assert outcome().kid == KID  # and its header is remembered from here on
    write_keys(path, EdDSA=ALL)
    assert isinstance(outcome(), MalformedInput)
    assert outcome().code == "signature.key_unknown"
    write_keys(path, ES256={**ALL, "sources": ["/x"]}, EdDSA=ALL)
    assert outcome().grant.sources == ("/x",)


def test_another_key_under_the_same_kid_is_another_key(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", ES256=ALL)
    signatures = requiring(path)
    record = signed(EVENT, signer("ES256"))
    assert not isinstance(signatures.outcomes([record])[0], MalformedInput)
    other = {**EDDSA, "kid": KID}
    write_file(path, of(other))
    refused = signatures.outcomes([record])[0]
    assert isinstance(refused, MalformedInput)
    assert refused.code == "signature.invalid"
