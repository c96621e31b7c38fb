"""Where a worker's log lines go and how they look: structlog's and everyone else's alike.

Owns the process's logging set-up. Lines go to standard error, as JSON unless a person watches.
Faust, mode and aiokafka are kept to warnings, without the stack traces that they attach to a
broker that is away, and without saying the same thing every few milliseconds. No line says what an
error stumbled over: that is somebody's key, id or event.
"""

import logging
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Final, TextIO

import structlog
from structlog.typing import ExcInfo, Processor

from agents.lane.wording import told
from agents.setting_groups import LogSettings

_LIBRARIES: Final = ("faust", "mode", "aiokafka", "asyncio")
_HOST: Final = "agents.lane.faust_host"
"""Where Faust's services log that we have subclassed."""

_REPEAT_AFTER_S: Final = 10.0
_WORDS_SEEN_MAX: Final = 1000


def words_of(error: BaseException) -> str:
    """What may be said of an error: not the text of one that nobody worded for a log.

    Errors of the network and of Kafka's client name addresses and topics, and no record.
    """
    if isinstance(error, OSError) or type(error).__module__.startswith("aiokafka"):
        return f"{type(error).__name__}: {error}"
    return told(error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)


def _traceback_fields(exc_info: ExcInfo) -> list[dict[str, object]]:
    """Where each error was raised: without the values of variables, which are events and rows."""
    return [
        {
            "exc_type": type(error).__name__,
            "exc_value": words_of(error),
            "frames": [
                {"filename": frame.filename, "lineno": frame.lineno, "name": frame.name}
                for frame in traceback.extract_tb(error.__traceback__)
            ],
        }
        for error in _chain(exc_info[1])
    ]


def write_traceback(output: TextIO, info: ExcInfo) -> None:
    """The same for people; a formatter of exceptions for structlog's console."""
    for error in reversed([*_chain(info[1])]):
        output.write("\nTraceback (most recent call last):\n")
        output.writelines(
            f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n'
            for frame in traceback.extract_tb(error.__traceback__)
        )
        output.write(f"{words_of(error)}\n")


_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(_traceback_fields)


class LibraryLines(logging.Filter):
    """Lets a library's line pass once in ten seconds, and no stack trace of a lost connection."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about one line; lines of our own always pass."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OSError) or type(error).__module__.startswith("aiokafka"):
            record.exc_info = None
        if isinstance(record.args, tuple):
            record.args = tuple(
                words_of(each) if isinstance(each, BaseException) else each for each in record.args
            )
        words = (record.name, str(record.msg))
        now_s = time.monotonic()
        if now_s - self._said.get(words, -_REPEAT_AFTER_S) < _REPEAT_AFTER_S:
            return False
        if len(self._said) >= _WORDS_SEEN_MAX:
            self._said.clear()
        self._said[words] = now_s
        return True


def write_log(settings: LogSettings) -> None:
    """Send this process's log lines to standard error from now on."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    for_people = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=write_traceback)]
        if for_people
        else [_TRACEBACKS, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LibraryLines())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*_LIBRARIES, _HOST):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
