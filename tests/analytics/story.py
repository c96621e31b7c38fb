"""A small security feed, told line by line, through the very mapping and the very files."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents.analytics import SEQUENCE_KEY, AnalyticsAgent
from agents.feed_keys import FeedKeys
from agents.lane.port import Partition
from deploy.analytics.columns import Row, row_of
from deploy.analytics.parquet_file import write_rows
from deploy.analytics.store import opened
from deploy.records.topic_record import TopicRecord
from events.decisions import (
    Decision,
    Disabled,
    Enabled,
    FallbackRequired,
    ReEnabled,
    ReEnableRequired,
)
from events.facts import (
    AttemptFinished,
    BiometricsChanged,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    PasswordAccepted,
)
from events.timestamps import format_rfc3339
from events.verdicts import Accepted, Applied, Cause, Failed, NotCounted, Refused, Verdict
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    DisabledReason,
    FallbackReason,
    Guidance,
    Method,
    Place,
    Platform,
    RefusedReason,
)
from schemas.topics import DEAD_LETTERS, DECISIONS, SECURITY_EVENTS, VERDICTS
from tests.analytics.feed import KEYS, MAPPINGS, Read, output_record

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Story:
    """What happens, minute by minute since 2026-03-01 08:00 UTC."""

    def __init__(self, keys: FeedKeys = KEYS) -> None:
        self.keys = keys
        self.records: list[TopicRecord] = []
        self.inputs: list[tuple[str, Read]] = []
        self._sequences = dict.fromkeys(MAPPINGS, 0)
        self._inputs = itertools.count()

    def enrolls(self, device: str, user: str, minute: float, **about: str) -> None:
        """A user enrolls for the first time."""
        self._verdict(Applied, EnrollmentSubmitted, device, user, minute, **about)
        self._decision(Enabled, device, user, minute, channel=Channel.SETTINGS)

    def enrollment_refused(
        self, device: str, user: str, minute: float, reason: RefusedReason
    ) -> None:
        self._verdict(Refused, EnrollmentSubmitted, device, user, minute, reason=reason)

    def re_enables(
        self, device: str, user: str, minute: float, previous_reason: DisabledReason
    ) -> None:
        self._verdict(Applied, EnrollmentSubmitted, device, user, minute)
        self._decision(
            ReEnabled,
            device,
            user,
            minute,
            channel=Channel.LOGIN_PROMPT,
            previous_reason=previous_reason,
        )

    def logs_in(self, device: str, user: str, minute: float) -> None:
        self._attempt(Accepted, device, user, minute, AttemptOutcome.MATCHED)

    def fails(self, device: str, user: str, minute: float) -> None:
        self._attempt(Failed, device, user, minute, AttemptOutcome.REJECTED, attempts_left=1)

    def dismisses(self, device: str, user: str, minute: float) -> None:
        """A prompt comes that the user did not ask for, and is closed."""
        self._attempt(NotCounted, device, user, minute, AttemptOutcome.CANCELLED_USER)

    def refused(self, device: str, user: str, minute: float, reason: RefusedReason) -> None:
        """An attempt is refused."""
        self._attempt(Refused, device, user, minute, AttemptOutcome.MATCHED, reason=reason)

    def uses_password(self, device: str, user: str, minute: float) -> None:
        self._verdict(
            Applied, PasswordAccepted, device, user, minute, place=Place.SIGN_IN, login_id="login"
        )

    def changes(self, device: str, minute: float) -> None:
        """The phone reports other faces or fingers."""
        self._verdict(Applied, BiometricsChanged, device, None, minute)

    def revoked(self, device: str, user: str, minute: float) -> None:
        """An administrator switches it off."""
        self._verdict(Applied, EnrollmentRevoked, device, user, minute)
        self.disabled(device, user, minute, DisabledReason.ADMIN)

    def disabled(
        self,
        device: str,
        user: str,
        minute: float,
        reason: DisabledReason,
        *,
        reported_s: float = 1,
        told_s: float = 1,
    ) -> None:
        """It is switched off so long after the phone's report; the feed has it so much later."""
        self._decision(
            Disabled, device, user, minute, reason=reason, reported_s=reported_s, told_s=told_s
        )

    def falls_back(self, device: str, user: str, minute: float, reason: FallbackReason) -> None:
        self._decision(FallbackRequired, device, user, minute, reason=reason)

    def is_asked(self, device: str, user: str, minute: float, reason: DisabledReason) -> None:
        """The user tries, and is guided through re-enabling."""
        self._decision(ReEnableRequired, device, user, minute, reason=reason)

    def dead_letter(self, code: str, device: str, minute: float) -> None:
        at_ms = _ms(minute)
        headers = [
            ("biolatch-original-topic", b"biolatch.device-events"),
            ("biolatch-original-partition", b"0"),
            ("biolatch-original-offset", b"%d" % next(self._inputs)),
            ("biolatch-original-timestamp", b"%d" % at_ms),
            ("biolatch-error-code", code.encode()),
        ]
        self._tell(DEAD_LETTERS, Read(0, at_ms, device.encode(), b"{}", headers), at_ms)

    def _attempt(
        self,
        verdict: type[Verdict],
        device: str,
        user: str,
        minute: float,
        outcome: AttemptOutcome,
        **more: Any,  # noqa: ANN401 - fields of the verdict
    ) -> None:
        self._verdict(
            verdict,
            AttemptFinished,
            device,
            user,
            minute,
            place=Place.SIGN_IN,
            login_id=f"login-{minute}",
            outcome=outcome,
            **more,
        )

    def _verdict(
        self,
        kind: type[Any],
        cause: type[Any],
        device: str,
        user: str | None,
        minute: float,
        **more: Any,  # noqa: ANN401 - as above
    ) -> None:
        verdict = kind(**_said(cause, device, user, minute, 1.0), platform=Platform.IOS, **more)
        self._output(VERDICTS, verdict, 0, minute, 1.0)

    def _decision(
        self,
        kind: type[Any],
        device: str,
        user: str,
        minute: float,
        *,
        reported_s: float = 1.0,
        told_s: float = 1.0,
        **more: Any,  # noqa: ANN401 - as above
    ) -> None:
        said = _said(AttemptFinished, device, user, minute, reported_s)
        decision = kind(**said, bio_epoch=1, platform=Platform.IOS, method=Method.FACE, **more)
        self._output(DECISIONS, decision, 1, minute, told_s)

    def _output(
        self, topic: str, output: Verdict | Decision, index: int, minute: float, told_s: float
    ) -> None:
        place = f"biolatch.device-events/0/{next(self._inputs)}/{index}"
        record = output_record(output, ce_id=place, ce_time=format_rfc3339(_ms(minute)))
        self._tell(topic, record, _ms(minute) + round(told_s * 1000))

    def _tell(self, topic: str, record: Read, logged_ms: int) -> None:
        self.inputs.append((topic, record))
        agent = AnalyticsAgent(MAPPINGS[topic], self.keys)
        rows = {SEQUENCE_KEY: b"%d" % self._sequences[topic]}
        result = agent(Partition(topic, 0), rows, [record])
        self._sequences[topic] = int(result.rows[SEQUENCE_KEY] or b"")
        for key, value, headers in result.outgoing[SECURITY_EVENTS]:
            place = Partition(SECURITY_EVENTS, 0), len(self.records), logged_ms
            self.records.append(TopicRecord(*place, key, value, tuple(headers)))

    def rows(self) -> list[Row]:
        return [row_of(record) for record in self.records]

    def keep(self, folder: Path) -> Path:
        """Put all of it into Parquet files, in two stretches."""
        rows, half = self.rows(), len(self.records) // 2
        with opened(folder, write_rows) as store:
            store.write(0, 0, half, rows[:half])
            store.write(0, half, len(rows), rows[half:])
        return folder


def _ms(minute: float) -> int:
    return round((START + timedelta(minutes=minute)).timestamp() * 1000)


def _said(
    cause: type[Any], device: str, user: str | None, minute: float, reported_s: float
) -> dict[str, Any]:
    return {
        "device_id": device,
        "user_id": user,
        "policy_version": "1",
        "occurred_at": format_rfc3339(_ms(minute) - round(reported_s * 1000)),
        "cause": Cause(cause.event_type, "/login"),
        "guidance": Guidance.NONE,
    }
