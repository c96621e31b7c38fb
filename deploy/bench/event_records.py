"""From a phone's report to a record of the input topic: CloudEvents in binary mode."""

from typing import Final

import msgspec

from deploy.bench.phone_history import Report
from deploy.records.publisher import KeyedRecord
from events.facts import EnrollmentSubmitted
from events.timestamps import format_rfc3339

_SPECVERSION: Final = ("ce_specversion", b"1.0")
_SOURCE: Final = ("ce_source", b"/mobile-backend")
_CONTENT_TYPE: Final = ("content-type", b"application/json")

_PASSWORD_CLOCK_AHEAD_MS: Final = 60_000
"""The clock that dates password logins runs a minute ahead, which the rules tolerate (rule 5).

Records are made some seconds before they are published, and the history is compressed: a phone
may lose and regain its biometrics within a second. A password login that is dated when its record
is made would often look older than the change before it.
"""

_encode: Final = msgspec.json.Encoder().encode


def event_record(report: Report, *, at_ms: int) -> KeyedRecord:
    """The record of a report that is dated `at_ms` (milliseconds since 1970)."""
    data = report.data
    if report.event_type == EnrollmentSubmitted.event_type:
        verified_at = format_rfc3339(at_ms + _PASSWORD_CLOCK_AHEAD_MS)
        data = {**data, "password_verified_at": verified_at}
    key = report.device_id.encode()
    return KeyedRecord(
        key,
        _encode(data),
        (
            _SPECVERSION,
            ("ce_id", report.event_id.encode()),
            _SOURCE,
            ("ce_type", report.event_type.encode()),
            ("ce_subject", key),
            ("ce_time", format_rfc3339(at_ms).encode()),
            _CONTENT_TYPE,
        ),
    )
