"""The file of endpoints, and the secrets beside it."""

import base64
from pathlib import Path

import pytest

from agents.notifier.endpoints import read_endpoints
from events.errors import Misconfigured

SECRET = b"s" * 32
GOOD = '[[endpoints]]\nname = "push"\nurl = "https://example.com/hooks"\nsecret_files = ["a"]\n'


def secret_file(path: Path, text: str | None = None, mode: int = 0o600) -> None:
    path.write_text(text or f"whsec_{base64.b64encode(SECRET).decode()}\n")
    path.chmod(mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    secret_file(tmp_path / "a")
    secret_file(tmp_path / "b")
    return tmp_path


def read(folder: Path, text: str) -> list[tuple[str, str, int]]:
    file = folder / "endpoints.toml"
    file.write_text(text)
    return [(each.name, each.url, len(each.secrets)) for each in read_endpoints(file)]


def test_endpoints_and_their_secrets_are_read_from_beside_the_file(folder: Path) -> None:
    two = GOOD.replace('"push"', '"mail"').replace('["a"]', '["a", "b"]')
    assert read(folder, GOOD + two) == [
        ("push", "https://example.com/hooks", 1),
        ("mail", "https://example.com/hooks", 2),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[endpoints]]", "[[endpoint", "is not TOML"),
        (GOOD, "", "endpoints: Field required"),
        ('"push"', '"Push it"', r"endpoints\.0\.name"),
        ("name", "nam", r"endpoints\.0\.nam: Extra inputs"),
        (GOOD, GOOD + GOOD, "two endpoints are named push"),
        ('["a"]', "[]", r"endpoints\.0\.secret_files"),
        ('["a"]', '["c"]', "cannot be read: No such file"),
        ("https://example.com/hooks", "ftp://example.com", "not https://HOST/PATH"),
        ("https://example.com/hooks", "https:///hooks", "not https://HOST/PATH"),
        ("https://example.com/hooks", "https://[x", "cannot be read"),
        ("https://example.com/hooks", "https://u:p@example.com", "has a user"),
        ("https://example.com/hooks", "http://example.com/hooks", "allow_plain_http"),
        ('["a"]', '["a"]\nca_file = "a"', "holds no certificates"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    folder: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(Misconfigured, match=message):
        read(folder, GOOD.replace(old, new))


@pytest.mark.parametrize("url", ["http://localhost:8080/x", "http://127.0.0.2/", "http://[::1]/"])
def test_this_machine_needs_no_tls(folder: Path, url: str) -> None:
    assert read(folder, GOOD.replace("https://example.com/hooks", url))[0][1] == url


def test_where_something_else_encrypts_no_tls_is_needed_either(folder: Path) -> None:
    text = GOOD.replace("https", "http") + "allow_plain_http = true\n"
    assert read(folder, text)[0][1] == "http://example.com/hooks"


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(SECRET).decode(),
        "whsec_" + base64.b64encode(b"short").decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_not base64",
        "whsec_ü",
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(folder: Path, text: str) -> None:
    secret_file(folder / "a", text)
    with pytest.raises(Misconfigured, match="is no secret") as refused:
        read(folder, GOOD)
    assert text.removeprefix("whsec_") not in str(refused.value)


def test_a_secret_that_others_may_read_is_refused(folder: Path) -> None:
    (folder / "a").chmod(0o644)
    with pytest.raises(Misconfigured, match="can be read by others"):
        read(folder, GOOD)
