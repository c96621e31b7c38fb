"""The Python client's methods, one for each event, drawn from `events`.

Owns the text of those modules of `biolatch_client`: the same methods, to be awaited or to block.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from events import scalars
from events.facts import FACT_TYPES, AnyFactData, InstantMs

_LINE_LENGTH: Final = 101
"""As the formatter breaks lines; the end of the line included."""

_SCALARS: Final[Mapping[Any, str]] = {
    InstantMs: "datetime",
    scalars.Id: "str",
    scalars.BioEpoch: "int",
    scalars.Count: "int",
}


class _Flavour(NamedTuple):
    """Awaited or blocking.

    Attributes:
        class_name: of the base class.
        purpose: the module's docstring.
        define: how a method begins.
        call: how `publish` is called.
    """

    class_name: str
    purpose: str
    define: str
    call: str


_AWAITED: Final = _Flavour(
    "EventMethods", "One method for each event, to be awaited.", "async def", "await self.publish"
)
_BLOCKING: Final = _Flavour(
    "BlockingEventMethods",
    "One method for each event, for code that does not await.",
    "def",
    "self.publish",
)


def event_methods_module() -> str:
    """`biolatch_client.event_methods`."""
    return _module(_AWAITED)


def blocking_methods_module() -> str:
    """`biolatch_client.blocking_methods`."""
    return _module(_BLOCKING)


def _module(flavour: _Flavour) -> str:
    methods = "\n".join(_method(flavour, fact_type) for fact_type in FACT_TYPES)
    models = sorted([*(each.__name__ for each in FACT_TYPES), "AnyEvent", "PublicKey"])
    imported = "".join(f"    {name},\n" for name in models)
    words = "".join(f"    {name},\n" for name in sorted(_words()))
    return f'''"""{flavour.purpose}

Generated from `events.facts` by `make docs`; do not edit.
"""

# ruff: noqa: PLR0913
# An event has as many fields as it has.

from abc import ABC, abstractmethod
from datetime import datetime

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.event_model import refusing
from biolatch_client.events import (
{imported})
from biolatch_client.records import PLAIN, Envelope
from biolatch_client.words import (
{words})


class {flavour.class_name}(ABC):
    """Publishing by event; `publish` does it.

    Each method takes the fields of its event (`biolatch_client.events` describes them), returns
    when Kafka has acknowledged it, and raises what `publish` raises.
    """

    @abstractmethod
    {flavour.define} publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """Publish an event about a device."""

{methods}'''


def _method(flavour: _Flavour, fact_type: type[AnyFactData]) -> str:
    name = fact_type.__name__
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    fields = msgspec.structs.fields(fact_type)
    hints = get_type_hints(fact_type, include_extras=True)
    parameters = "".join(
        f"        {each.name}: {_annotation(hints[each.name])}"
        f"{'' if each.required else f' = {_default(each.default)}'},\n"
        for each in fields
    )
    arguments = [f"{each.name}={each.name}" for each in fields]
    made = f"            event = {name}({', '.join(arguments)})\n"
    if len(made) > _LINE_LENGTH:
        inner = f"                {', '.join(arguments)}\n"
        made = f"            event = {name}(\n{inner}            )\n"
        if len(inner) > _LINE_LENGTH:
            lines = "".join(f"                {argument},\n" for argument in arguments)
            made = f"            event = {name}(\n{lines}            )\n"
    return f'''    {flavour.define} {snake}(
        self,
        device_id: str,
        *,
{parameters}        envelope: Envelope = PLAIN,
    ) -> Acknowledged:
        """Publish `{fact_type.event_type}`."""
        with refusing():
{made}        return {flavour.call}(device_id, event, envelope=envelope)
'''


def _annotation(hint: Any) -> str:  # noqa: ANN401 - any annotation
    if hint in _SCALARS:
        return _SCALARS[hint]
    if get_origin(hint) is Annotated:
        return _annotation(get_args(hint)[0])
    if choices := get_args(hint):
        return " | ".join(_annotation(choice) for choice in choices)
    return "None" if hint is type(None) else str(hint.__name__)


def _default(value: object) -> str:
    if isinstance(value, StrEnum):
        return f"{type(value).__name__}.{value.name}"
    return repr(value)


def _words() -> set[str]:
    hints = [hint for each in FACT_TYPES for hint in get_type_hints(each).values()]
    return {hint.__name__ for hint in hints if isinstance(hint, type) and issubclass(hint, StrEnum)}
