"""The examples of the contract: the golden records, in the form that AsyncAPI has for examples.

The golden records are what every version reads and writes as ever (`tests/golden`), so an example
cannot be wrong.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from schemas.asyncapi_messages import DEAD_LETTER_NAME, TOMBSTONE_NAME
from schemas.export import PUBLIC_STATE_NAME

_GOLDEN: Final = Path(__file__).parents[2] / "tests" / "golden"


def message_examples() -> str:
    """`schemas/examples.json`: examples by the name of their message."""
    examples: dict[str, list[dict[str, Any]]] = {}
    for folder in ("inputs", "outputs", "states", "dead_letters"):
        for file in sorted((_GOLDEN / folder).glob("*.json")):
            record = json.loads(file.read_text(encoding="utf-8"))["record"]
            for name, example in _example_of(folder, record):
                examples.setdefault(name, []).append({"name": file.stem} | example)
    return json.dumps(examples, indent=1, ensure_ascii=False) + "\n"


def _example_of(folder: str, record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The message that a record is an example of, if it is one in the form that is recommended."""
    headers: dict[str, Any] = dict(record["headers"])
    value = record["value"]
    match folder:
        case "states" if value is None:
            yield TOMBSTONE_NAME, {"headers": headers, "payload": None}
        case "states":
            yield PUBLIC_STATE_NAME, {"headers": headers, "payload": json.loads(value)}
        case "dead_letters":
            own = {name: text for name, text in headers.items() if name.startswith("biolatch-")}
            yield DEAD_LETTER_NAME, {"headers": own}
        case _ if headers.get("content-type") == "application/json":
            yield headers["ce_type"], {"headers": headers, "payload": json.loads(value)}
        case _:  # structured mode, or only just tolerated
            return
