import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import deploy.cli
from deploy.cli import run
from deploy.command_app import command_app
from deploy.commands import COMMANDS, CommandModule
from deploy.exit_codes import ExitCode
from events.errors import (
    BiolatchError,
    InvariantBroken,
    MalformedInput,
    Misconfigured,
    TransientFailure,
)


# Goal: the frame alone, so a command that raises stands in for the real ones.
def a_command_that_raises(error: BaseException) -> SimpleNamespace:
    app = command_app("Fail.")

    @app.command()
    def fail() -> None:
        raise error

    return SimpleNamespace(app=app)


@pytest.fixture(autouse=True)
def _own_folder_and_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_of_the_table_is_the_command_s_own_help(name: str) -> None:
    entry = COMMANDS[name]
    command = get_command(__import__(entry.module, fromlist=["app"]).app)
    assert isinstance(command, TyperCommand | TyperGroup)
    assert (command.help or "").splitlines()[0] == entry.summary


def test_help_lists_every_command_and_imports_none() -> None:
    program = (
        "import sys; from deploy.cli import run; code = run(['--help'])\n"
        "print([name for name in sys.modules if name.startswith('deploy.commands.')])\n"
        "print([name for name in ('aiokafka', 'pydantic_settings') if name in sys.modules])\n"
        "sys.exit(code)"
    )
    shown = subprocess.run(  # noqa: S603 (this very Python)
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    *help_, commands, heavy = shown.stdout.splitlines()
    assert all(any(line.split()[:1] == [name] for line in help_) for name in COMMANDS)
    assert (commands, heavy) == ("[]", "[]")


def test_a_misspelt_command_is_a_usage_error_that_knows_better(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["topisc"]) == ExitCode.USAGE
    assert "Did you mean 'topics'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MalformedInput("a.code", "wrong"), ExitCode.FAILED, "error[a.code]: wrong"),
        (Misconfigured("a.code", "[b] set it"), 3, "error[a.code]: [b] set it"),
        (TransientFailure("a.code", "later"), 4, "error[a.code]: later"),
        (InvariantBroken("a.code", "ours"), ExitCode.DEFECT, "error[a.code]: ours"),
        (ZeroDivisionError("oops"), ExitCode.DEFECT, "defect[ZeroDivisionError]: This"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, ""),
    ],
)
def test_every_kind_of_error_has_its_exit_code_and_no_traceback(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing = a_command_that_raises(error)
    monkeypatch.setitem(sys.modules, "failing_command", failing)
    monkeypatch.setattr(deploy.cli, "COMMANDS", {"fail": CommandModule("failing_command", "Fail.")})
    assert run(["fail"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(said)
    assert "Traceback" not in captured.err


def test_verbose_shows_where_a_defect_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "failing_command", a_command_that_raises(ValueError("oops")))
    monkeypatch.setattr(deploy.cli, "COMMANDS", {"fail": CommandModule("failing_command", "Fail.")})
    assert run(["--verbose", "fail"]) == ExitCode.DEFECT
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "oops" not in said  # it may be what the code stumbled over


def test_the_topics_are_shown_for_people_and_for_machines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["topics", "list"]) == ExitCode.OK
    shown = capsys.readouterr().out.splitlines()
    [purpose] = [line for line in shown if line.startswith("biolatch.device-events ")]
    assert "7 days what phones report" in " ".join(purpose.split())
    assert max(len(line) for line in shown) <= 80

    assert run(["topics", "list", "--json"]) == ExitCode.OK
    specifications = json.loads(capsys.readouterr().out)
    assert [topic["name"] for topic in specifications][:2] == [
        "biolatch.device-events",
        "biolatch.verdicts",
    ]


def test_a_setting_with_a_wrong_value_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "nowhere")
    assert run(["topics", "apply"]) == ExitCode.MISCONFIGURED
    assert "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS" in capsys.readouterr().err


def test_without_a_broker_the_error_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(["topics", "apply"]) == ExitCode.UNAVAILABLE
    said = capsys.readouterr()
    assert "`biolatch kafka start`" in said.err
    assert said.out == ""


def test_every_error_kind_is_mapped() -> None:
    # A fifth kind must be given a code of its own.
    assert set(BiolatchError.__subclasses__()) == {
        MalformedInput,
        Misconfigured,
        TransientFailure,
        InvariantBroken,
    }
