"""One line in the log for whatever somebody does or looks into: who, what, and no id in clear."""

from typing import Final

import structlog

from deploy.web_console.identity import Identity

_logger: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("biolatch.console")


def log_action(who: Identity, action: str, **about: str | int | bool) -> None:
    """Somebody did something.

    Args:
        who: the name of their token, or what the proxy calls them.
        action: what, in the past tense: `device-viewed`.
        about: on what; devices by their masks.
    """
    _logger.info("console.action", action=action, who=who.name, role=who.role.value, **about)


def log_login_refused(address: str, why: str) -> None:
    """Somebody could not log in."""
    _logger.warning("console.login-refused", address=address, why=why)
