"""The Python client's words and models of events, drawn from `events`.

Owns the text of those modules of `biolatch_client`: the client imports nothing of this application,
and yet there is one definition of each event.
"""

import re
from pathlib import Path
from typing import Final

import events

_SOURCES: Final = Path(events.__file__).parent
_IMPORTED_WORDS: Final = (
    "AttemptOutcome",
    "BiometricChange",
    "Channel",
    "DetectedBy",
    "KeyBinding",
    "Method",
    "OsBiometrics",
    "Place",
    "Platform",
)


def words_module() -> str:
    """`biolatch_client.words`: every word of the contract, as `events.vocabulary` has it."""
    _, _, body = _source("vocabulary").partition('"""\n\n')
    return (
        '"""The words of the contract: closed sets whose values are wire values.\n\n'
        'Generated from `events.vocabulary` by `make docs`; do not edit.\n"""\n\n' + body
    )


def events_module() -> str:
    """`biolatch_client.events`: a model for each input event, as `events.facts` has it."""
    source = _source("facts")
    models, _, after = source[source.index("class PublicKey(") :].partition("AnyFactData: ")
    union, _, _ = after.partition("FACT_TYPES: ")
    models = re.sub(r"\(msgspec\.Struct, [^)]*\)", "(Exact)", models)
    models = re.sub(r"\(FactData, [^)]*\)", "(EventData)", models)
    models = re.sub(r"\bInstantMs\b", "Instant", models)
    names = "".join(f"    {name},\n" for name in _IMPORTED_WORDS)
    types = ", ".join(_names_in(union))
    return f'''"""What phones reported: the eight kinds of input event, as models to publish.

Generated from `events.facts` by `make docs`; do not edit.
"""

from typing import ClassVar, Final, TypeAlias

from biolatch_client.event_model import BioEpoch, Count, EventData, Exact, Id
from biolatch_client.instants import Instant
from biolatch_client.words import (
{names})


{models.rstrip()}


AnyEvent: TypeAlias = {union.partition("= ")[2].rstrip()}

EVENT_TYPES: Final[tuple[type[AnyEvent], ...]] = (
{"".join(f"    {name},{chr(10)}" for name in types.split(", "))})
"""Every input event there is."""
'''


def _names_in(union: str) -> list[str]:
    return re.findall(r"\b[A-Z]\w+", union.partition("=")[2])


def _source(module: str) -> str:
    # Read, not inspected: the module may be running compiled.
    return (_SOURCES / f"{module}.py").read_text(encoding="utf-8")
