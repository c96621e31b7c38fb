"""Where a process runs: its settings, from the environment, read once at start.

Owns every `BIOLATCH_<GROUP>__<NAME>` variable; behind them stands the policy's file. Must never
hold a rule about devices; those are the policy's. What protects it: a variable that names no
setting is refused, so no typo goes unnoticed.
"""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from agents.analytics_settings import AnalyticsSettings
from agents.console_settings import ConsoleSettings
from agents.core.policy import Policy
from agents.kafka_settings import KafkaSettings
from agents.notifier_settings import NotifierSettings
from agents.observation_settings import MetricsSettings, MonitorSettings, TracingSettings
from agents.policy_file import POLICY_FILE, policy_file, read_policy_file, unknown_fields
from agents.read_api_settings import ReadApiSettings
from agents.setting_groups import (
    ApplicationSettings,
    ErasureSettings,
    LaneSettings,
    LogSettings,
    MembershipSettings,
    SignaturesSettings,
    StoreSettings,
)
from agents.signals.settings import SharedSignalsSettings
from events.errors import Misconfigured

PREFIX: Final = "BIOLATCH_"
OTHER_VARIABLES: Final = frozenset({"BIOLATCH_CACHE"})
"""Variables of this prefix that are no settings of a process: where downloads are kept."""

_SHOWN_MAX: Final = 80

_SECRET: Final = re.compile(r"(PASSWORD|SECRET|TOKEN|PASSPHRASE)(?!\w*_FILE$)")
"""Variables whose value is not repeated, should one of them ever be wrong."""


class Settings(BaseSettings):
    """All settings of a process."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    kafka: KafkaSettings = KafkaSettings()
    application: ApplicationSettings = ApplicationSettings()
    membership: MembershipSettings = MembershipSettings()
    lane: LaneSettings = LaneSettings()
    store: StoreSettings = StoreSettings()
    signatures: SignaturesSettings = SignaturesSettings()
    erasure: ErasureSettings = ErasureSettings()
    read_api: ReadApiSettings = ReadApiSettings()
    console: ConsoleSettings = ConsoleSettings()
    notifier: NotifierSettings = NotifierSettings()
    signals: SharedSignalsSettings = SharedSignalsSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    monitor: MonitorSettings = MonitorSettings()
    tracing: TracingSettings = TracingSettings()
    policy: Policy = Policy()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the policy's file; nothing else is looked at."""
        del dotenv_settings, file_secret_settings
        from_file = InitSettingsSource(settings_cls, {"policy": dict(read_policy_file())})
        return init_settings, env_settings, from_file


def setting_variables() -> Iterator[str]:
    """Every variable that is a setting, group by group."""
    for group, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name in model.model_fields:
                yield f"{PREFIX}{group}__{name}".upper()


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        Misconfigured: a variable has a value that its setting cannot take, or names no setting;
            or so has the policy's file.
    """
    in_file = read_policy_file()
    problems = [*_unknown_variables(), *unknown_fields(in_file)]
    try:
        settings = Settings()
    except ValidationError as error:
        problems += [
            _problem(each, in_file)
            for each in error.errors(include_url=False)
            if each["type"] != "extra_forbidden"  # named above, with advice
        ]
        raise Misconfigured("settings.invalid", "; ".join(problems)) from error
    if problems:
        raise Misconfigured("settings.unknown", "; ".join(problems))
    return settings


def _unknown_variables() -> Iterator[str]:
    known = [*setting_variables(), *OTHER_VARIABLES, POLICY_FILE]
    for variable in sorted(os.environ):
        name = variable.upper()
        if name.startswith(PREFIX) and name not in known:
            nearest = get_close_matches(name, known, n=1)
            advice = f"use {nearest[0]}" if nearest else "remove it"
            yield f"{variable} names no setting: {advice}"


def _problem(details: ErrorDetails, in_file: Mapping[str, Any]) -> str:
    location = [str(part) for part in details["loc"]]
    variable = PREFIX + "__".join(location).upper()
    set_by_variable = any(name.upper() == variable for name in os.environ)
    if location[0] == "policy" and location[1:2] and location[1] in in_file and not set_by_variable:
        variable = f"{policy_file()}: {'.'.join(location[1:])}"
    shown = "..." if _SECRET.search(variable) else repr(details["input"])
    message = details["msg"].removeprefix("Value error, ")
    if isinstance(details["input"], dict):
        return f"{variable}: {message}"
    field = _field(details["loc"])
    advice = f"; it is {field.description} (default {field.default!r})" if field else ""
    return f"{variable}={shown[:_SHOWN_MAX]}: {message}{advice}"


def _field(location: tuple[int | str, ...]) -> Any:  # noqa: ANN401 (pydantic's FieldInfo, or None)
    group = Settings.model_fields.get(str(location[0]))
    model = group.annotation if group else None
    if len(location) > 1 and isinstance(model, type) and issubclass(model, BaseModel):
        return model.model_fields.get(str(location[1]))
    return None
