"""The bounded texts and numbers of the wire: ids, epochs and counts.

Owns their limits. What stands in inputs and outputs carries them twice, because two libraries read
it: `pydantic.Field` is checked when an input is read, `msgspec.Meta` stands in the contract of an
output, whose values come from checked inputs.
"""

from typing import Annotated, Final, TypeAlias

import msgspec
from pydantic import Field

from events.vocabulary import BIO_EPOCH_MAX, COUNT_MAX, ID_LENGTH_MAX

ID_PATTERN: Final = r"^[ -~]+$"
POLICY_VERSION_LENGTH_MAX: Final = 64

Id: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=ID_LENGTH_MAX, pattern=ID_PATTERN),
    msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX, pattern=ID_PATTERN),
]
"""1 to 128 printable ASCII characters."""

BioEpoch: TypeAlias = Annotated[
    int, Field(ge=1, le=BIO_EPOCH_MAX), msgspec.Meta(ge=1, le=BIO_EPOCH_MAX)
]
"""Counted by the app: rises whenever the set of enrolled faces or fingers on the phone changes."""

BioEpochOrNone: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=BIO_EPOCH_MAX)]
"""As `BioEpoch`; 0 where none was ever reported."""

Count: TypeAlias = Annotated[int, Field(ge=1, le=COUNT_MAX), msgspec.Meta(ge=1, le=COUNT_MAX)]
"""1 up to what a JSON number holds exactly in every language."""

PolicyVersion: TypeAlias = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=POLICY_VERSION_LENGTH_MAX, pattern=ID_PATTERN),
]
"""1 to 64 printable ASCII characters."""
