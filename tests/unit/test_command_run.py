# Goal: a worker gets the settings, the policy and the topics that its environment says.
from pathlib import Path

import pytest

import deploy.commands.run
import deploy.workers.devices
from agents.app import WorkerTopics
from agents.notices import NotingAgent
from agents.settings import Settings
from agents.supervise import Ending
from deploy.cli import run
from deploy.exit_codes import ExitCode
from schemas import topics


def test_settings_policy_and_topics_reach_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Settings, NotingAgent, WorkerTopics]] = []

    def take(
        settings: Settings, handler: NotingAgent, names: WorkerTopics, **_more: object
    ) -> Ending:
        given.append((settings, handler, names))
        return Ending.DEFECT

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(deploy.commands.run, "use_compiled", lambda: False)
    monkeypatch.setattr(deploy.workers.devices, "run_worker", take)
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "kafka:1")
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "other")
    monkeypatch.setenv("BIOLATCH_POLICY__VERSION", "2026-1")
    monkeypatch.setenv("BIOLATCH_POLICY__FAILURES_MAX", "3")
    assert run(["run"]) == ExitCode.DEFECT
    ((settings, handler, names),) = given
    assert settings.kafka.bootstrap_servers == "kafka:1"
    assert (settings.policy.version, settings.policy.failures_max) == ("2026-1", 3)
    assert handler._agent._policy == settings.policy  # noqa: SLF001 (who decides by it is the point)
    assert names == WorkerTopics(
        input=topics.DEVICE_EVENTS,
        changelog="other-devices-changelog",
        outputs=(topics.VERDICTS, topics.DECISIONS, topics.DEVICE_STATE, topics.DEAD_LETTERS),
    )


def test_a_policy_that_may_not_be_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIOLATCH_POLICY__FAILURES_MAX", "3")
    assert run(["run"]) == ExitCode.MISCONFIGURED
    assert "give a policy with other numbers a version of its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish", "events.jsonl"],
        ["tail", "decisions"],
        ["tail", "decisions", "--follow"],
        ["state", "phone-1"],
        ["explain", "phone-1", "--json"],
        ["lag"],
        ["dead-letters", "list"],
    ],
)
def test_without_a_broker_every_command_says_how_to_get_one(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").touch()
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert run(arguments) == ExitCode.UNAVAILABLE
    said = capsys.readouterr()
    assert said.err.startswith("error[kafka.unreachable]: no Apache Kafka answers at 127.0.0.1:1.")
    assert "`biolatch kafka start`" in said.err
    assert said.out == ""
