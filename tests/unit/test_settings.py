"""Settings come from the environment, and every mistake in it is named with its mending."""

import re

import pytest

from agents.settings import PREFIX, Settings, load_settings, setting_variables
from events.errors import Misconfigured


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in setting_variables():
        monkeypatch.delenv(variable, raising=False)


def test_without_any_variable_the_defaults_hold() -> None:
    settings = load_settings()

    assert settings == Settings()
    assert settings.application.name == settings.application.group == "biolatch"
    assert settings.lane.batch_s_max == 30
    assert settings.lane.open_s_max == 60
    assert settings.lane.close_s_max == 2
    assert settings.kafka.request_timeout_s == 5
    assert settings.lane.transaction_timeout_s == 30


def test_a_variable_sets_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "shop")
    monkeypatch.setenv("biolatch_lane__batch_records_max", "8000")
    monkeypatch.setenv("BIOLATCH_CACHE", "/anywhere")

    settings = load_settings()

    assert settings.application.group == "shop"
    assert settings.lane.batch_records_max == 8000


def test_the_group_can_be_named_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOLATCH_APPLICATION__GROUP_ID", "workers")

    assert load_settings().application.group == "workers"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BIOLATCH_LANE__BATCH_RECORD_MAX", "1", "use BIOLATCH_LANE__BATCH_RECORDS_MAX"),
        ("BIOLATCH_KAFKA_BOOTSTRAP_SERVERS", "x:1", "use BIOLATCH_KAFKA__BOOTSTRAP_SERVERS"),
        ("BIOLATCH_XYZZY", "1", "names no setting"),
        ("BIOLATCH_LANE__CLOSE_S_MAX", "soon", "'soon': Input should be a valid number"),
        ("BIOLATCH_LANE__CLOSE_S_MAX", "0", "greater than or equal to 0.1"),
        ("BIOLATCH_LANE__CLOSE_S_MAX", "soon", "what a transaction in flight gets to finish"),
        ("BIOLATCH_LANE__CLOSE_S_MAX", "soon", "default 2.0"),
        ("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", "nowhere", "is not HOST:PORT"),
        ("BIOLATCH_KAFKA__COMPRESSION", "rar", "'none', 'lz4', 'zstd', 'snappy' or 'gzip'"),
        ("BIOLATCH_MEMBERSHIP__HEARTBEAT_INTERVAL_S", "5", "a third of SESSION_TIMEOUT_S"),
        ("BIOLATCH_LANE__BACKOFF_S_MIN", "50", "more than BACKOFF_S_MAX"),
        ("BIOLATCH_APPLICATION__NAME", "two words", "BIOLATCH_APPLICATION__NAME='two words'"),
    ],
)
def test_a_mistake_is_named_with_its_mending(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(Misconfigured, match=re.escape(said)) as raised:
        load_settings()

    assert variable.partition("__")[0] in str(raised.value)


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOLATCH_LOG__LEVEL", "loud")
    monkeypatch.setenv("BIOLATCH_LOG__COLOUR", "red")

    with pytest.raises(Misconfigured, match=r"COLOUR.*LEVEL"):
        load_settings()


def test_every_setting_says_what_it_is_and_has_a_default() -> None:
    for group, outer in Settings.model_fields.items():
        for name, field in outer.annotation.model_fields.items():
            assert field.description, f"{group}.{name}"
            assert not field.is_required(), f"{group}.{name}"
    assert all(variable.startswith(PREFIX) for variable in setting_variables())
