"""A deployment's policy may stand in a file; the environment wins, and every mistake is named."""

import re
from pathlib import Path

import pytest

from agents.policy_file import POLICY_FILE
from agents.settings import load_settings, setting_variables
from deploy.reference.settings import settings_page
from events.errors import Misconfigured
from events.vocabulary import Platform

ACME = """
version = "acme-3"
device_signatures = "required"
attempts_per_minute_max = 20

[device_signatures_by_platform]
other = "off"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in setting_variables():
        monkeypatch.delenv(variable, raising=False)
    path = tmp_path / "acme.toml"
    path.write_text(ACME, encoding="utf-8")
    monkeypatch.setenv(POLICY_FILE, str(path))
    return path


@pytest.mark.usefixtures("file")
def test_the_policy_stands_in_the_file_that_the_environment_names() -> None:
    policy = load_settings().policy
    assert policy.version == "acme-3"
    assert policy.device_signatures == "required"
    assert policy.device_signatures_by_platform == {Platform.OTHER: "off"}
    assert policy.attempts_per_minute_max == 20
    assert policy.failures_max == 5


@pytest.mark.usefixtures("file")
def test_the_environment_wins_over_the_file_field_by_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOLATCH_POLICY__ATTEMPTS_PER_MINUTE_MAX", "10")
    monkeypatch.setenv("BIOLATCH_POLICY__DEVICE_SIGNATURES_BY_PLATFORM", '{"ios":"off"}')
    policy = load_settings().policy
    assert policy.version == "acme-3"
    assert policy.attempts_per_minute_max == 10
    assert policy.device_signatures_by_platform == {Platform.IOS: "off", Platform.OTHER: "off"}


def test_without_a_file_the_environment_says_it_all(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POLICY_FILE, "")
    assert load_settings().policy.version == "1"
    monkeypatch.delenv(POLICY_FILE)
    monkeypatch.setenv(POLICY_FILE.lower(), str(file))
    assert load_settings().policy.version == "acme-3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("failures_mx = 4", "acme.toml: failures_mx is no field of the policy: use failures_max"),
        ("xyzzy = 4", "acme.toml: xyzzy is no field of the policy: remove it"),
        ('version = "a"\nfailures_max = 0', "acme.toml: failures_max=0: Input should be greater"),
        (
            'version = "a"\n[device_signatures_by_platform]\nblackberry = "off"',
            "acme.toml: device_signatures_by_platform.blackberry",
        ),
        ("failures_max = 4", "give a policy with other numbers a version of its own"),
        ("failures_max is 4", f"{POLICY_FILE}: "),
        ("failures_max is 4", "acme.toml is not TOML: "),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_mending(file: Path, text: str, said: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match=re.escape(said)):
        load_settings()


def test_a_file_that_is_not_there_is_said(file: Path) -> None:
    file.unlink()
    with pytest.raises(Misconfigured, match=r"acme\.toml cannot be read: No such file") as raised:
        load_settings()
    assert raised.value.code == "settings.policy-file"


def test_the_example_in_the_reference_is_this_one() -> None:
    assert ACME.strip() in settings_page()
