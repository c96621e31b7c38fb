"""The demo as its viewers have it: every row, on a terminal, interrupted; and without traces."""

import ast
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil
import pytest

from deploy.demo import backend_process
from deploy.demo.checking import differences
from deploy.demo.observer import Answer, Output
from deploy.demo.phone_screen import shown
from deploy.demo.presenter import percentile
from deploy.demo.script import PRESENT, Event, applied, decided, failed, refused, step
from deploy.demo.story import story
from events.vocabulary import DisabledReason, FallbackReason, RefusedReason

BIOLATCH = str(Path(sysconfig.get_path("scripts")) / "biolatch")
RUN_WAIT_S = 100
COLUMNS = 80
ROWS = [
    *("optional", "two-places", "instead-of-password", "guided-enable", "manual-enable"),
    *("device-first", "prompt-label", "disable-any-time", "never-in-our-possession"),
    *("several-scans", "password-backup", "usable-next-login", "frequent-failure-advice"),
    *("change-disables", "change-detected-at-login", "guided-re-enable"),
]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo keeps what it keeps; nothing may be left of it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # Settings of somebody else's must not matter.
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "somebody-elses")
    return tmp_path


def test_every_row_for_machines(scratch: Path) -> None:
    done = subprocess.run(  # noqa: S603 (our own command line, no shell)
        [BIOLATCH, "demo", "--json"],
        capture_output=True,
        text=True,
        timeout=RUN_WAIT_S,
        check=False,
        cwd=scratch,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *steps, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(dict.fromkeys(told["row"] for told in steps)) == ROWS
    assert summary["rows"] == dict.fromkeys(ROWS, True)
    assert (summary["rows_kept"], summary["rows_total"]) == (16, 16)
    assert all(told["verdict"] and not told["differences"] for told in steps)
    assert sum(summary["verdicts"].values()) == len(steps) == sum(summary["events"].values())
    assert sum(summary["decisions"].values()) == sum(len(told["decisions"]) for told in steps)
    assert (summary["dead_letters"], summary["repeated"]) == (0, 0)
    latency_ms = summary["latency_ms"]
    assert 0 < latency_ms["p50"] <= latency_ms["p95"] <= latency_ms["max"]
    _nothing_is_left(scratch)


@pytest.mark.long
def test_interrupted_on_a_terminal(scratch: Path) -> None:
    terminal, inside = pty.openpty()
    demo = subprocess.Popen(  # noqa: S603 (as above)
        [BIOLATCH, "demo"],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)},
        start_new_session=True,
    )
    os.close(inside)
    screen = _read_until(terminal, "4/16")
    os.killpg(demo.pid, signal.SIGINT)  # what a terminal makes of Ctrl-C
    screen += _read_until(terminal, None)
    os.close(terminal)
    assert demo.wait(RUN_WAIT_S) == 130
    assert "\x1b[32m" in screen, "no colours"
    # What is drawn over again, and colours, are no text.
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen).replace("\r", "\n").splitlines()
    assert max(len(line) for line in lines) <= COLUMNS
    for row in ROWS[:3]:
        assert f"   ✓ {row}" in lines
    assert any("gone again" in line for line in lines)
    _nothing_is_left(scratch)


def _read_until(terminal: int, text: str | None) -> str:
    """What the terminal shows until that text is there, or until its program has ended."""
    shown_so_far = b""
    deadline = time.monotonic() + RUN_WAIT_S
    while text is None or text.encode() not in shown_so_far:
        assert select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]
        try:
            shown_so_far += os.read(terminal, 65536)
        except OSError:  # how a terminal says that nobody is there any more
            assert text is None, shown_so_far.decode()
            break
    return shown_so_far.decode()


def _nothing_is_left(scratch: Path) -> None:
    assert list(scratch.iterdir()) == []
    for process in psutil.process_iter(["cmdline", "environ"]):
        started_there = (process.info["environ"] or {}).get("TMPDIR") == str(scratch)
        assert not started_there or process.pid == os.getpid(), process.info["cmdline"]


def test_the_backend_knows_only_the_wire_contract() -> None:
    tree = ast.parse(backend_process.PROGRAM.read_text(encoding="utf-8"))
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert imported - sys.stdlib_module_names == {"aiokafka"}


def test_the_story_has_every_row_and_every_row_has_a_journey() -> None:
    assert [row.name for row in story()] == ROWS
    journeys = Path(__file__).parents[1] / "journeys"
    functions = {
        node.name
        for path in journeys.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {f"test_{name.replace('-', '_')}" for name in ROWS} <= functions


EVENT = Event("attempt.finished", "phone", {"user_id": "ana"})


def answer(verdict: Output | None, *decisions: Output) -> Answer:
    return Answer(verdict, decisions, {"users": {"ana": {"status": "fallback"}}}, 0)


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (answer(Output("failed", {"attempts_left": 0}), Output("rearmed", {})), []),
        (answer(None), ["no verdict failed", "no decision rearmed"]),
        (answer(Output("failed", {"attempts_left": 0})), ["no decision rearmed"]),
        (
            answer(Output("accepted", {}), Output("disabled", {})),
            ["verdict accepted instead of failed", "decision disabled instead of rearmed"],
        ),
        (
            answer(
                Output("failed", {"attempts_left": 1}), Output("rearmed", {}), Output("enabled", {})
            ),
            [
                "verdict failed: attempts_left is 1 instead of 0",
                "a decision enabled that should not be",
            ],
        ),
    ],
)
def test_every_difference_is_said(seen: Answer, found: list[str]) -> None:
    expected = step("", EVENT, failed(0), decided("rearmed"), state={"status": "fallback"})
    assert differences(expected, seen) == found


def test_differences_of_fields_and_state() -> None:
    expected = step(
        "",
        EVENT,
        refused("wait", "none"),
        decided("disabled", wait_until=PRESENT, reason=None),
        state={"status": "enabled"},
    )
    seen = answer(
        Output("refused", {"reason": "wait", "guidance": "none"}),
        Output("disabled", {"reason": "admin"}),
    )
    assert differences(expected, seen) == [
        "decision disabled: wait_until is None instead of (present)",
        "decision disabled: reason is 'admin' instead of None",
        "public state: status is 'fallback' instead of 'enabled'",
    ]
    expected = step("", EVENT, applied(), state={"status": "enabled"})
    gone = Answer(Output("applied", {"guidance": "none"}), (), None, 0)
    assert differences(expected, gone) == ["no public state of ana"]


def test_a_phone_never_says_which_check_failed() -> None:
    texts: dict[str, set[str]] = {"refused": set(), "fallback": set(), "off": set()}
    for refusal in RefusedReason:
        data = {"reason": refusal.value, "guidance": "use_password"}
        texts["refused"].add(shown(EVENT, answer(Output("refused", data))))
    for fallback in FallbackReason:
        data = {"user_id": "ana", "guidance": "use_password", "reason": fallback.value}
        seen = answer(
            Output("not-counted", {"guidance": "none"}), Output("fallback-required", data)
        )
        texts["fallback"].add(shown(EVENT, seen))
    for off in DisabledReason:
        data = {"user_id": "ana", "guidance": "re_enable", "reason": off.value}
        seen = answer(Output("refused", {"guidance": "use_password"}), Output("disabled", data))
        texts["off"].add(shown(EVENT, seen))
    assert [len(words) for words in texts.values()] == [1, 1, 1]


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1.0, 3.0, 5.0, 5.0]
