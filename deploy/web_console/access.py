"""Who may come in, from the settings; what a laptop may do without, a server may not."""

import ipaddress
from typing import Final, NamedTuple

from agents.console_settings import ConsoleSettings, split_list
from deploy.web_console.application import Access
from deploy.web_console.current_tokens import CurrentTokens
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.masks import read_mask_key
from deploy.web_console.proxy_identity import ProxyIdentity
from deploy.web_console.sessions import Sessions
from deploy.web_console.tokens_file import digest_of, new_token
from events.errors import Misconfigured

_LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_MADE_UP: Final = Identity("local", ConsoleRole.OPERATOR)


class WaysIn(NamedTuple):
    """Who may come in.

    Attributes:
        access: by what.
        made_up_token: lets an operator in until the process ends; None where tokens are in a file,
            or a proxy logs users in.
    """

    access: Access
    made_up_token: str | None


def ways_in(settings: ConsoleSettings) -> WaysIn:
    """What the settings say.

    Raises:
        Misconfigured: nobody could come in, or everybody could; or a file cannot be used.
    """
    proxy = ProxyIdentity(settings)
    made_up = None
    if settings.tokens_file is None and not proxy.is_on:
        if not _is_loopback(settings.host):
            raise Misconfigured(
                "console.open-to-all",
                f"on {settings.host} others can reach the console, so it has to know who may: set "
                "BIOLATCH_CONSOLE__TOKENS_FILE (`biolatch console-token add NAME --tokens-file "
                "FILE` makes one), or BIOLATCH_CONSOLE__PROXY_USER_HEADER.",
            )
        made_up = new_token()
    given = {} if made_up is None else {digest_of(made_up): _MADE_UP}
    tokens = CurrentTokens(settings.tokens_file, given)
    sessions = Sessions(
        tokens, idle_s_max=settings.session_idle_s_max, age_s_max=settings.session_s_max
    )
    access = Access(
        tokens=tokens,
        sessions=sessions,
        proxy=proxy,
        host_names=_host_names(settings),
        mask_key=read_mask_key(settings.mask_key_file),
    )
    return WaysIn(access, made_up)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host_names(settings: ConsoleSettings) -> frozenset[str]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    names = (*_LOOPBACK_NAMES, host, *split_list(settings.allowed_hosts))
    return frozenset(name.lower() for name in names)
