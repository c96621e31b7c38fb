"""Every release is still understood, and understands what is written now.

The files under schemas/released are frozen. Where one of these tests fails, the code is wrong, not
the file: topics, other people's services and their code hold what was released.
"""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from biolatch_client.device_view import read_state
from deploy.cli import run
from deploy.exit_codes import ExitCode
from deploy.reference.release import keep_release
from events.decisions import DECISION_TYPES, Decision
from events.public_state import PublicState
from events.verdicts import VERDICT_TYPES, Verdict
from schemas.compatibility import CLOSED_WORDS
from schemas.export import PUBLIC_STATE_NAME, json_schemas
from schemas.inputs import decode
from schemas.malformed import MalformedCode
from schemas.released import (
    CORPUS_FOLDER,
    RELEASED,
    SCHEMAS_FOLDER,
    changes_since,
    contracts_in,
    released_versions,
)
from tests.unit.contract_changes import nodes
from tests.unit.generated import STABLE, instances
from tests.unit.test_golden_records import as_far_as, record

OUTPUTS = {output.event_type: output for output in (*VERDICT_TYPES, *DECISION_TYPES)}
GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = pytest.mark.parametrize("version", released_versions())


def corpus(*kinds: str) -> pytest.MarkDecorator:
    """Run a test on each record of these kinds, of every release."""
    files = [
        file
        for version in released_versions()
        for kind in kinds
        for file in sorted((RELEASED / version / CORPUS_FOLDER / kind).glob("*.json"))
    ]
    return pytest.mark.parametrize(
        "frozen",
        [json.loads(file.read_text(encoding="utf-8")) for file in files],
        ids=[file.relative_to(RELEASED).with_suffix("").as_posix() for file in files],
    )


def tolerant(schema: dict[str, Any]) -> Draft202012Validator:
    """What a reader of that time takes, who passes over words that it does not know."""
    open_words = deepcopy(schema)
    for node in nodes(open_words):
        if node.get("title") not in CLOSED_WORDS:
            node.pop("enum", None)
    return Draft202012Validator(open_words)


def test_there_is_a_release_to_compare_with() -> None:
    assert released_versions()
    assert released_versions()[0] == "0.1.0"


@VERSIONS
def test_contracts_have_only_changed_as_they_may(version: str) -> None:
    assert [str(each) for each in changes_since(RELEASED / version / SCHEMAS_FOLDER)] == []


@VERSIONS
def test_the_corpus_of_a_release_has_every_event_of_it(version: str) -> None:
    folder = RELEASED / version / CORPUS_FOLDER
    kept = {file.stem for kind in ("inputs", "outputs") for file in (folder / kind).iterdir()}
    assert set(contracts_in(RELEASED / version / SCHEMAS_FOLDER)) - kept == {PUBLIC_STATE_NAME}


@corpus("inputs")
def test_an_input_of_a_release_is_read_today_as_it_was_then(frozen: dict[str, Any]) -> None:
    key, value, headers = record(frozen["record"])
    place = {name: frozen["record"][name] for name in ("timestamp_ms", "offset")}
    fact = decode(key, value, headers, **place)
    then = frozen["reads_as"]
    assert fact.data.event_type == then["type"]
    assert as_far_as(then["data"], msgspec.to_builtins(fact.data)) == then["data"]
    assert {name: getattr(fact, name, then[name]) for name in then} == then | {"data": fact.data}


@corpus("outputs")
def test_an_output_of_a_release_is_read_today_as_it_was_then(frozen: dict[str, Any]) -> None:
    _, value, headers = record(frozen["record"])
    event_type = dict(headers)["ce_type"].decode()
    output = msgspec.json.decode(value or b"", type=OUTPUTS[event_type])
    then = frozen["reads_as"]
    assert as_far_as(then, msgspec.to_builtins(output)) == then
    Draft202012Validator(json_schemas()[event_type]).validate(then)


@corpus("states")
def test_a_state_of_a_release_is_read_today_as_it_was_then(frozen: dict[str, Any]) -> None:
    _, value, _ = record(frozen["record"])
    then = frozen["reads_as"]
    if then is None:
        assert value is None
        return
    state = msgspec.json.decode(value or b"", type=PublicState)
    assert as_far_as(then, msgspec.to_builtins(state)) == then
    Draft202012Validator(json_schemas()[PUBLIC_STATE_NAME]).validate(then)
    read = read_state(value or b"")
    assert read.bio_epoch == then["bio_epoch"]
    assert [(user.user_id, user.status) for user in read.users] == [
        (user_id, user["status"]) for user_id, user in then["users"].items()
    ]


@corpus("dead_letters")
def test_a_dead_letter_of_a_release_has_a_code_that_is_still_explained(
    frozen: dict[str, Any],
) -> None:
    _, _, headers = record(frozen["record"])
    assert MalformedCode(dict(headers)["biolatch-error-code"].decode()).mend


@VERSIONS
def test_what_is_written_today_is_read_by_a_reader_of_the_release(version: str) -> None:
    contracts = contracts_in(RELEASED / version / SCHEMAS_FOLDER)
    readers = {name: tolerant(dict(contracts[name])) for name in OUTPUTS if name in contracts}

    @settings(STABLE, max_examples=60)
    @given(st.sampled_from([OUTPUTS[name] for name in readers]).flatmap(instances))
    def check(output: Verdict | Decision) -> None:
        readers[output.event_type].validate(json.loads(msgspec.json.encode(output)))

    check()


@VERSIONS
def test_a_state_of_today_is_read_by_a_reader_of_the_release(version: str) -> None:
    contracts = contracts_in(RELEASED / version / SCHEMAS_FOLDER)
    reader = tolerant(dict(contracts[PUBLIC_STATE_NAME]))

    @STABLE
    @given(instances(PublicState))
    def check(state: PublicState) -> None:
        reader.validate(json.loads(msgspec.json.encode(state)))

    check()


def test_a_release_is_kept_once_and_never_written_again(tmp_path: Path) -> None:
    keep_release(tmp_path / "9.9.9", GOLDEN)
    assert changes_since(tmp_path / "9.9.9" / SCHEMAS_FOLDER) == []
    assert (tmp_path / "9.9.9" / CORPUS_FOLDER / "states" / "tombstone.json").is_file()
    with pytest.raises(FileExistsError):
        keep_release(tmp_path / "9.9.9", GOLDEN)


def test_the_command_says_what_is_compatible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["schema", "check"]) == ExitCode.OK
    said = [f"compatible with {version}" for version in released_versions()]
    assert capsys.readouterr().out.splitlines() == said
    shutil.copytree(RELEASED / "0.1.0" / SCHEMAS_FOLDER, tmp_path / "other")
    file = tmp_path / "other" / "biolatch.device.erased.v1.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    schema["properties"]["why"] = {"type": "string"}
    file.write_text(json.dumps(schema), encoding="utf-8")
    assert run(["schema", "check", str(tmp_path / "other")]) == ExitCode.FAILED
    assert capsys.readouterr().out.splitlines() == [
        f"{file.stem}/properties/why: field 'why' is gone; it may not go [field.removed]",
        f"not compatible with {tmp_path / 'other'}",
    ]
    assert run(["schema", "check", str(tmp_path / "other"), "--json"]) == ExitCode.FAILED
    (found,) = json.loads(capsys.readouterr().out)[str(tmp_path / "other")]
    assert found["rule"] == "field.removed"


@pytest.mark.parametrize("content", [None, "{", "\udcff"])
def test_a_folder_without_contracts_is_said_so(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        file = tmp_path / "biolatch.device.erased.v1.json"
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert run(["schema", "check", str(tmp_path)]) == ExitCode.MISCONFIGURED
    assert capsys.readouterr().err.startswith("error[schema.")
