"""The page of notifications: which decision leads to which message, and what it says."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from agents.notifier.catalogues import Catalogues
from agents.notifier.messages import Message, message_of
from events.decisions import (
    Decision,
    Disabled,
    Enabled,
    FallbackRequired,
    Rearmed,
    Rebaselined,
    ReEnabled,
    ReEnableRequired,
    RefreshAdvised,
)
from events.verdicts import Cause
from events.vocabulary import (
    Channel,
    DisabledReason,
    FallbackReason,
    Guidance,
    PromptLabel,
    RearmedReason,
)
from schemas.notification_dead_letters import UndeliveredCode

_HEAD: Final = """\
# Notifications

Which decision leads to which message, and what the message says in English. Drawn from
`agents/notifier` by `make docs`; how to receive them: [notifier](../how-to/notifier.md). Where an
app has words of its own, it goes by `data.message`.

| decision | reason | message | deep link |
|---|---|---|---|
"""

_LETTERS: Final = """
## Dead letters

Header `biolatch-error-code` of a record in `biolatch.notification-dead-letters`:

| code | means |
|---|---|
"""

_MEANINGS: Final = {
    UndeliveredCode.TRIES_SPENT: "the endpoint failed at the last try (`TRIES_MAX`), too",
    UndeliveredCode.REFUSED: "the endpoint does not understand this message (400, 413, 415, 422)",
    UndeliveredCode.ENDPOINT_GONE: "the endpoint wants no messages any more (410)",
    UndeliveredCode.ENDPOINT_AWAY: "it could not be tried for too long (`AWAY_S_MAX`)",
    UndeliveredCode.UNREADABLE: "the record is no decision; its endpoint is `-`",
}


class Case(NamedTuple):
    """A decision for which the table has a line.

    Attributes:
        decision: an example of it.
        remark: what it is besides type and reason.
    """

    decision: Decision
    remark: str = ""


def every_decision() -> Iterator[Case]:
    """Every type of decision, with each of its reasons and whatever else decides the message."""
    about = _about(Guidance.NONE)
    yield Case(Enabled(channel=Channel.SETTINGS, **about))
    yield Case(
        ReEnabled(channel=Channel.SETTINGS, previous_reason=DisabledReason.USER_REQUEST, **about)
    )
    for reason in DisabledReason:
        yield from _disabled(reason)
    for fallback in FallbackReason:
        yield Case(FallbackRequired(reason=fallback, **_about(Guidance.USE_PASSWORD)))
    for rearmed in RearmedReason:
        yield Case(Rearmed(reason=rearmed, **about))
    for reason in DisabledReason:
        yield Case(ReEnableRequired(reason=reason, **_about(_guidance(reason))))
    yield Case(RefreshAdvised(**_about(Guidance.REFRESH_BIOMETRICS)))
    yield Case(Rebaselined(**about))


def _disabled(reason: DisabledReason) -> Iterator[Case]:
    match reason:
        case DisabledReason.ADMIN:
            for allowed, guidance, remark in (
                (True, Guidance.RE_ENABLE, "re-enabling allowed"),
                (False, Guidance.NONE, "for good"),
            ):
                admin: dict[str, Any] = {"reason_admin": "lost", "allow_re_enable": allowed}
                yield Case(Disabled(reason=reason, **admin, **_about(guidance)), remark)
        case DisabledReason.BIOMETRICS_CHANGED | DisabledReason.OS_BIOMETRICS_REMOVED:
            about = _about(_guidance(reason))
            yield Case(Disabled(reason=reason, **about), "not found at this user's login")
            yield Case(
                Disabled(reason=reason, login_id="l-1", **about),
                "found at this user's login: what follows for that login says it",
            )
        case _:
            yield Case(Disabled(reason=reason, **_about(_guidance(reason))))


def _guidance(reason: DisabledReason) -> Guidance:
    match reason:
        case DisabledReason.OS_BIOMETRICS_REMOVED:
            return Guidance.OPEN_DEVICE_SETTINGS
        case DisabledReason.USER_REQUEST | DisabledReason.ERASED:
            return Guidance.NONE
        case _:
            return Guidance.RE_ENABLE


def _about(guidance: Guidance) -> dict[str, Any]:
    return {
        "device_id": "phone-1",
        "user_id": "ana",
        "policy_version": "1",
        "occurred_at": "2026-01-31T08:00:00.000Z",
        "cause": Cause(type="biolatch.attempt.finished.v1", source="/bank/app"),
        "guidance": guidance,
        "bio_epoch": 1,
        "prompt_label": PromptLabel.FACE_ID,
    }


def notifications_page() -> str:
    """The page as Markdown."""
    messages: dict[str, Message] = {}
    lines: list[str] = []
    for decision, remark in every_decision():
        message = message_of(decision)
        if message is not None:
            messages.setdefault(message.name, message)
        lines.append(_line(decision, remark, message))
    said = "".join(_said(message) for message in messages.values())
    letters = "".join(f"| `{code.value}` | {_MEANINGS[code]} |\n" for code in UndeliveredCode)
    return _HEAD + "".join(lines) + "\n## What they say\n" + said + _LETTERS + letters


def _line(decision: Decision, remark: str, message: Message | None) -> str:
    kind = decision.event_type.split(".")[2]
    reason = getattr(decision, "reason", None)
    why = ", ".join(part for part in (f"`{reason}`" if reason else "", remark) if part)
    name = f"`{message.name}`" if message else "none"
    link = f"`{message.deep_link}`" if message and message.deep_link else ""
    return f"| `{kind}` | {why} | {name} | {link} |\n"


def _said(message: Message) -> str:
    text = Catalogues(["en"]).texts(message, PromptLabel.FACE_ID)["en"]
    steps = "".join(f"{number}. {step}\n" for number, step in enumerate(text.steps, 1))
    return f"\n`{message.name}`: **{text.title}.** {text.body}\n" + (f"\n{steps}" if steps else "")
