"""Where log lines of a command go: standard error, and only those that matter to its user."""

import logging
import sys

import structlog

from agents.log_output import write_traceback


def write_log_to_standard_error(*, verbose: bool) -> None:
    """Send warnings and worse, or with `verbose` also information, to standard error.

    A command that runs for long, such as a worker, sets up its own log afterwards.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if verbose else logging.WARNING
        ),
        # structlog's own tracebacks would show the values of variables.
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=write_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
