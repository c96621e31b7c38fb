"""The bounded texts and numbers of the wire: ids, epochs and counts.

Owns their limits. A pattern stands in the contract only: whoever reads an input proves it for the
whole value at once (`schemas.plain_inputs`) or field by field (`schemas.strict_facts`), and what is
written comes from inputs that were read.
"""

from typing import Annotated, Final, TypeAlias

import msgspec

from events.vocabulary import BIO_EPOCH_MAX, COUNT_MAX, ID_LENGTH_MAX

ID_PATTERN: Final = r"^[ -~]+$"
POLICY_VERSION_LENGTH_MAX: Final = 64

Id: TypeAlias = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX, extra_json_schema={"pattern": ID_PATTERN}),
]
"""1 to 128 printable ASCII characters."""

BioEpoch: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=BIO_EPOCH_MAX)]
"""Counted by the app: rises whenever the set of enrolled faces or fingers on the phone changes."""

BioEpochOrNone: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=BIO_EPOCH_MAX)]
"""As `BioEpoch`; 0 where none was ever reported."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
"""1 up to what a JSON number holds exactly in every language."""

PolicyVersion: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=POLICY_VERSION_LENGTH_MAX,
        extra_json_schema={"pattern": ID_PATTERN},
    ),
]
"""1 to 64 printable ASCII characters."""
