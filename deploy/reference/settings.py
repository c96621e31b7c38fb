"""The page of settings, from `agents.settings`."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agents.settings import PREFIX, Settings

_HEAD: Final = """\
# Settings

Where a process runs and what it may do, from the environment, read once at start. A variable that
names no setting, and a value that its setting cannot take, are refused at start with the variable's
name. Units stand in the names. Drawn from `agents/settings.py` by `make docs`.

`BIOLATCH_CACHE` is the folder for downloads (Apache Kafka's jars); by default the user's cache.

`BIOLATCH_POLICY_FILE` names a TOML file with fields of the policy (the group at the end of this
page, in lower case), so that each tenant's deployment has its own. A variable wins over the file.

```toml
version = "acme-3"
device_signatures = "required"
attempts_per_minute_max = 20

[device_signatures_by_platform]
other = "off"
```
"""


def settings_page() -> str:
    """The page as Markdown."""
    groups: list[str] = []
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            groups.append(_group(name, model))
    return _HEAD + "".join(groups)


def _group(name: str, model: type[BaseModel]) -> str:
    summary = (model.__doc__ or "").strip().splitlines()[0]
    lines = [
        f"\n## {name}\n\n{summary}\n",
        "| variable | default | values | what it is |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{PREFIX}{name.upper()}__{setting.upper()}` | {_default(field)} | {_values(field)} "
        f"| {_words(field)} |"
        for setting, field in model.model_fields.items()
    ]
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    default: object = field.default
    match default:
        case None:
            return "unset"
        case bool():
            return f"`{str(default).lower()}`"
        case tuple():
            return f"`{json.dumps(default)}`"
        case _:
            return f"`{default}`"


def _values(field: FieldInfo) -> str:
    annotation: object = field.annotation
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is Mapping:
        return "JSON object"
    if get_origin(annotation) is tuple:
        return "JSON list"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{value}`" for value in annotation)
    if annotation is bool:
        return "`true`, `false`"
    low = next((bound.ge for bound in field.metadata if hasattr(bound, "ge")), None)
    high = next((bound.le for bound in field.metadata if hasattr(bound, "le")), None)
    return "text" if low is None else f"{low:.10g} to {high:.10g}"


def _words(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).rstrip(".")
