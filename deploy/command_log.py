"""Where log lines of a command go: standard error, and only those that matter to its user."""

import logging
import sys

import structlog


def write_log_to_standard_error(*, verbose: bool) -> None:
    """Send warnings and worse, or with `verbose` also information, to standard error.

    A command that runs for long, such as a worker, sets up its own log afterwards.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if verbose else logging.WARNING
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
