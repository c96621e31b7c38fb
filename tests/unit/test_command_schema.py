# Goal: a publisher's developer finds the contract without the source code.
import json
from pathlib import Path

import pytest

from deploy.cli import run
from deploy.exit_codes import ExitCode
from schemas.export import json_schemas


def test_every_type_is_listed_and_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "list"]) == ExitCode.OK
    listed = dict(line.split("\t", 1) for line in capsys.readouterr().out.splitlines())
    assert list(listed) == list(json_schemas())
    assert all(listed.values())

    assert run(["schema", "list", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == listed

    for name, schema in json_schemas().items():
        assert run(["schema", "show", name]) == ExitCode.OK
        assert json.loads(capsys.readouterr().out) == schema


def test_a_type_may_be_named_without_prefix_and_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["schema", "show", "attempt.finished"]) == ExitCode.OK
    shown = json.loads(capsys.readouterr().out)
    assert shown["$id"].endswith(":biolatch.attempt.finished.v1")


def test_an_unknown_type_is_an_error_that_says_where_to_look(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["schema", "show", "attempt"]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert "biolatch schema list" in said.err


def test_all_of_them_can_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a" / "b"
    assert run(["schema", "export", str(folder)]) == ExitCode.OK
    assert capsys.readouterr().out == f"{len(json_schemas())} schemas are in {folder}\n"
    assert {file.stem for file in folder.iterdir()} == set(json_schemas())


def test_a_folder_that_cannot_be_written_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert run(["schema", "export", str(file)]) == ExitCode.MISCONFIGURED
    assert capsys.readouterr().err.startswith("error[schema.unwritable]: ")
