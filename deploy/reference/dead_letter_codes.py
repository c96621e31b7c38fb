"""The page of dead-letter codes, from `schemas.malformed`."""

from typing import Final

from schemas.malformed import MalformedCode

_HEAD: Final = """\
# Dead-letter codes

Why a record could not be decided. The code stands in header `biolatch-error-code` of the dead
letter, beside the record as it came; `biolatch-error-message` names the field and the limit, never
a value. `biolatch publish` refuses an event with the same codes before it is sent. Drawn from
`schemas/malformed.py` by `make docs`. Codes are forever: match on them, not on messages.

| code | what is wrong | how to mend it |
|---|---|---|
"""


def dead_letter_codes_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(
        f"| `{code.value}` | {code.meaning} | {code.mend} |\n" for code in MalformedCode
    )
