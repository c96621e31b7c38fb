# Goal: nobody sees anything without a login, no other page can act, and no page can be made to.
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import trustme

from agents.console_settings import ConsoleSettings
from deploy.records.connection import Connection
from deploy.web_console.front_door import HEADERS
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.serving import RunningConsole
from deploy.web_console.tokens_file import digest_of, written_tokens
from events.errors import Misconfigured
from tests.kafka.commands.console.conftest import OPERATOR, VIEWER
from tests.kafka.commands.console.running import User, console_in_a_thread

PAGES = ("/", "/feed", "/devices", "/dead-letters", "/topics")
AsUser = Callable[[str], User]


@pytest.mark.parametrize("path", [*PAGES, "/devices/device-abcdefgh", "/dead-letters/0/0", "/what"])
def test_without_a_login_every_page_leads_to_it(console: RunningConsole, path: str) -> None:
    answer = User(console.url).http.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


def test_without_a_login_no_stream_and_no_action(console: RunningConsole) -> None:
    nobody = User(console.url, {"accept": "text/event-stream"})
    assert nobody.http.get("/feed/events").status_code == 401
    assert nobody.http.post("/devices", data={"device": "a"}).status_code == 401


def test_who_logs_in_gets_to_where_they_were_going_and_nowhere_else(
    console: RunningConsole,
) -> None:
    asked = User(console.url).http.get("/feed?type=decision").headers["location"]
    assert asked == "/login?next=/feed%3Ftype%3Ddecision"
    for onward, to in (
        ("/feed?type=decision", "/feed?type=decision"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("/\nset-cookie: a=b", "/"),
    ):
        assert User(console.url).log_in(VIEWER, onward).headers["location"] == to


def test_the_cookie_is_no_script_s_and_no_other_site_s(console: RunningConsole) -> None:
    cookie = User(console.url).log_in(VIEWER).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # it would not come back without TLS
    assert "domain" not in cookie
    assert "expires" not in cookie


def test_every_answer_has_the_headers_that_protect_it(user: AsUser) -> None:
    viewer = user(VIEWER)
    for path in (*PAGES, "/nothing", "/static/console.css", "/healthz", "/static/nothing.js"):
        answer = viewer.http.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert viewer.http.get("/").headers["cache-control"] == "no-store"


def test_a_form_of_another_page_does_nothing(user: AsUser) -> None:
    viewer = user(VIEWER)
    fields = {"device": "somebody-s"}
    assert viewer.http.post("/devices", data=fields).status_code == 403
    wrong = fields | {"csrf_token": "guessed"}
    assert viewer.http.post("/devices", data=wrong).status_code == 403
    assert viewer.act("/devices", "/devices", **fields).status_code == 303
    viewer.http.headers["origin"] = "https://elsewhere.example"
    assert viewer.act("/devices", "/devices", **fields).status_code == 403
    viewer.http.headers["origin"] = str(viewer.http.base_url).rstrip("/")
    assert viewer.act("/devices", "/devices", **fields).status_code == 303
    viewer.http.headers["sec-fetch-site"] = "cross-site"
    assert viewer.act("/devices", "/devices", **fields).status_code == 403


def test_a_form_has_bounds(user: AsUser) -> None:
    viewer = user(VIEWER)
    assert viewer.act("/devices", "/devices", device="a" * 70_000).status_code == 413
    assert viewer.act("/devices", "/devices", device="a" * 129).status_code == 400


def test_another_host_name_is_refused(console: RunningConsole) -> None:
    # Or a page elsewhere could point its own name at this address, and read everything.
    answer = User(console.url, {"host": "elsewhere.example"}).http.get("/healthz")
    assert answer.status_code == 421
    port = console.url.rpartition(":")[2]
    assert User(console.url, {"host": f"localhost:{port}"}).http.get("/healthz").text == "ok\n"


def test_who_logs_out_is_out(user: AsUser) -> None:
    viewer = user(VIEWER)
    cookie = viewer.http.cookies["biolatch-console"]
    assert viewer.act("/logout", "/").status_code == 303
    again = User(str(viewer.http.base_url), {"cookie": f"biolatch-console={cookie}"})
    assert again.http.get("/").status_code == 303


@pytest.fixture
def own_tokens(tmp_path: Path) -> Path:
    """A file of tokens that a test may change."""
    file = tmp_path / "tokens.json"
    tokens = {digest_of("one"): Identity("uma", ConsoleRole.VIEWER)}
    file.write_bytes(written_tokens(tokens))
    return file


def test_tokens_change_at_once_and_who_guesses_has_to_wait(
    connection_to_kafka: Connection, own_tokens: Path
) -> None:
    settings = ConsoleSettings(
        port=0,
        tokens_file=own_tokens,
        proxy_user_header="x-user",
        proxy_operator_group="ops",
        trusted_proxies="127.0.0.1",
    )
    with console_in_a_thread(settings, connection_to_kafka) as running:
        uma = User(running.url)
        assert uma.log_in("one").status_code == 303
        assert uma.http.get("/feed").status_code == 200
        tokens = {digest_of("two"): Identity("udo", ConsoleRole.VIEWER)}
        own_tokens.write_bytes(written_tokens(tokens))
        assert uma.http.get("/feed").status_code == 303
        assert User(running.url).log_in("one").status_code == 403
        assert User(running.url).log_in("two").status_code == 303
        # A file that is half written changes nothing.
        own_tokens.write_bytes(b'{"tokens": [')
        assert User(running.url).log_in("two").status_code == 303
        _guessing_is_slowed_down(running.url)
        _a_proxy_is_believed(running.url)


def _guessing_is_slowed_down(url: str) -> None:
    guesser = User(url, {"x-forwarded-for": "203.0.113.7"})
    assert [guesser.log_in("guess").status_code for _ in range(6)] == [403] * 5 + [429]
    # Also with the right one, or guessing would go on; everybody else is not held up.
    assert guesser.log_in("two").status_code == 429
    assert User(url, {"x-forwarded-for": "203.0.113.8"}).log_in("two").status_code == 303


def _a_proxy_is_believed(url: str) -> None:
    https = {"x-forwarded-proto": "https"}
    viewer = User(url, https | {"x-user": "vic@bank.example"})
    assert "vic@bank.example" in viewer.page("/")
    assert "masked" in viewer.page("/devices")
    answer = viewer.http.get("/")
    assert answer.headers["strict-transport-security"]
    operator = User(url, {"x-user": "opa", "x-auth-request-groups": "staff, ops"})
    assert "badge-strong" in operator.page("/")
    cookie = User(url, https).log_in("two").headers["set-cookie"].lower()
    assert "secure" in cookie


def test_a_header_counts_only_from_a_trusted_address(
    connection_to_kafka: Connection, own_tokens: Path
) -> None:
    settings = ConsoleSettings(
        port=0, tokens_file=own_tokens, proxy_user_header="x-user", trusted_proxies="192.0.2.0/24"
    )
    with console_in_a_thread(settings, connection_to_kafka) as running:
        claims = {"x-user": "mallory", "x-forwarded-for": "192.0.2.1"}
        assert User(running.url, claims).http.get("/").status_code == 303


def test_with_a_certificate_it_speaks_tls_and_its_cookie_is_a_secure_one(
    connection_to_kafka: Connection, own_tokens: Path, tmp_path: Path
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for pem in issued.cert_chain_pems:
        pem.write_to_path(tmp_path / "chain.pem", append=True)
    settings = ConsoleSettings(
        port=0,
        tokens_file=own_tokens,
        tls_certificate_file=tmp_path / "chain.pem",
        tls_key_file=tmp_path / "key.pem",
    )
    trusts = ssl.create_default_context()
    authority.configure_trust(trusts)
    with console_in_a_thread(settings, connection_to_kafka) as running:
        assert running.url.startswith("https://")
        answer = User(running.url, trusts=trusts).log_in("one")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"]
    unusable = settings.model_copy(update={"tls_key_file": own_tokens})
    with (
        pytest.raises(Misconfigured, match="TLS_CERTIFICATE_FILE"),
        console_in_a_thread(unusable, connection_to_kafka),
    ):
        pass


def test_a_port_that_is_taken_is_said(connection_to_kafka: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ConsoleSettings(port=taken.getsockname()[1])
        with (
            pytest.raises(Misconfigured, match="BIOLATCH_CONSOLE__PORT"),
            console_in_a_thread(settings, connection_to_kafka),
        ):
            pass


def test_on_a_laptop_the_token_is_made_up(connection_to_kafka: Connection) -> None:
    with console_in_a_thread(ConsoleSettings(port=0), connection_to_kafka) as running:
        assert running.made_up_token is not None
        assert User(running.url).log_in(OPERATOR).status_code == 403
        local = User(running.url)
        assert local.log_in(running.made_up_token).status_code == httpx2.codes.SEE_OTHER
        assert "badge-strong" in local.page("/")
