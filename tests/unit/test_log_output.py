"""Log lines of ours and of libraries, as a machine reads them."""

import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from agents.log_output import write_log
from agents.setting_groups import LogSettings
from events.errors import InvariantBroken

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("faust", "mode", "aiokafka", "asyncio", "agents.lane.faust_host"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def _lines(capsys: Output) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_where_nobody_watches(capsys: Output) -> None:
    write_log(LogSettings())

    structlog.get_logger("agents.x").info("lane.serving", partition=3)

    [line] = _lines(capsys)
    assert line["event"] == "lane.serving"
    assert line["partition"] == 3
    assert line["level"] == "info"
    assert line["logger"] == "agents.x"
    assert line["timestamp"].endswith("Z")


def test_a_person_may_ask_for_plain_text(capsys: Output) -> None:
    write_log(LogSettings(format="console"))

    structlog.get_logger("agents.x").warning("lane.parked", partition=3)

    text = capsys.readouterr().err
    assert "lane.parked" in text
    assert not text.startswith("{")


def test_lines_below_the_level_are_not_written(capsys: Output) -> None:
    write_log(LogSettings(level="warning"))

    structlog.get_logger("agents.x").info("quiet")
    structlog.get_logger("agents.x").error("loud")

    assert [line["event"] for line in _lines(capsys)] == ["loud"]


def test_libraries_tell_their_troubles_only_and_once_in_a_while(capsys: Output) -> None:
    write_log(LogSettings())
    library = logging.getLogger("aiokafka.conn")

    library.info("chatter")
    for port in range(20):
        library.error("Unable connect to %s", port)
    logging.getLogger("agents.lane.faust_host.consumer").info("[^-Consumer]: Starting...")

    assert [line["event"] for line in _lines(capsys)] == ["Unable connect to 0"]


def test_a_lost_connection_has_no_stack_trace_and_a_defect_has_one(capsys: Output) -> None:
    write_log(LogSettings())
    library = logging.getLogger("mode.services")

    for error in (ConnectionRefusedError("away"), ZeroDivisionError("ours")):
        try:
            raise error
        except (ConnectionRefusedError, ZeroDivisionError):
            library.exception("Crashed reason=%s", type(error).__name__, extra={"n": 1})
            library.exception(f"Crashed: {error}")

    away, *_, ours = _lines(capsys)
    assert "exception" not in away
    assert ours["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_no_line_shows_the_values_of_variables(capsys: Output) -> None:
    write_log(LogSettings())

    def fail(secret: str) -> None:
        raise ValueError(len(secret))

    try:
        fail("device-4711")
    except ValueError:
        structlog.get_logger("agents.x").exception("failed")

    text = capsys.readouterr().err
    assert "device-4711" not in text
    assert "ValueError" in text


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_shows_what_an_error_stumbled_over(
    capsys: Output, form: Literal["json", "console"]
) -> None:
    write_log(LogSettings(format=form, level="debug"))
    rows: dict[str, int] = {}
    try:
        try:
            rows["device-4711"]
        except KeyError as error:
            raise ValueError("user-0815") from error
    except ValueError as error:
        structlog.get_logger("agents.x").exception("failed")
        library = logging.getLogger("mode.services")
        library.log(logging.ERROR, "Crashed reason=%r", error, exc_info=True)

    text = capsys.readouterr().err
    assert "device-4711" not in text
    assert "user-0815" not in text
    assert "KeyError" in text
    assert "test_log_output.py" in text


def test_an_error_that_was_worded_for_logs_is_told(capsys: Output) -> None:
    write_log(LogSettings())
    broken = InvariantBroken("row.unreadable", "a stored row cannot be read")
    structlog.get_logger("agents.x").error("failed", exc_info=broken)
    assert "a stored row cannot be read" in capsys.readouterr().err
