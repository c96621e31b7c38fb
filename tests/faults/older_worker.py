"""A worker from before row format 2, as far as rows go: run me as a script, with settings.

It knows the fields of format 1 only, writes that, and refuses what is newer. Everything else is
this version's, so that the auditor judges both by the same rules.
"""

import sys

import msgspec

from agents import device_rows
from agents.core.state import DeviceState

FORMAT = 1
FIELDS_SINCE = 2
"""`bucket_full_ms` and `used_challenges`, which format 1 ends before."""


def encode_row(state: DeviceState) -> bytes:
    fields = msgspec.to_builtins(state, builtin_types=(bytes,))
    return bytes([FORMAT]) + msgspec.msgpack.encode(fields[:-FIELDS_SINCE])


if __name__ == "__main__":
    device_rows.ROW_FORMAT = FORMAT  # type: ignore[misc]
    device_rows._READ_AS_IT_IS = (bytes([FORMAT]),)  # type: ignore[misc]  # noqa: SLF001
    device_rows.encode_row = encode_row
    from deploy.workers.devices import work

    sys.exit(work(compiled=False))
