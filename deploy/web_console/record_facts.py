"""What a record says, as labels and words, for whoever reads it.

What protects people: members that hold nothing but numbers, times and words of closed sets are
listed here by name, and so are ids, which are masked. Whatever else a record holds (free texts,
what a later version adds) only operators see.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from deploy.inspection.record_json import parsed_object
from deploy.records.topic_record import TopicRecord
from deploy.web_console.masks import IdKind
from deploy.web_console.shown import Shown
from schemas.strict_json import Json

_LABELS: Final = {
    "outcome": "outcome",
    "change": "change",
    "reason": "reason",
    "previous_reason": "was off for",
    "attempts_left": "attempts left",
    "place": "place",
    "channel": "channel",
    "method": "method",
    "platform": "platform",
    "os_biometrics": "phone's biometrics",
    "bio_epoch": "biometrics epoch",
    "key_binding": "key binding",
    "allow_re_enable": "may enable again",
    "detected_by": "detected by",
    "os_upgraded": "system upgraded",
    "password_verified_at": "password verified",
    "seq": "sequence number",
    "scans": "scans",
    "wait_until": "wait until",
    "prompt_label": "prompt reads",
}
"""Members that say nothing about who somebody is, in the order in which they are shown."""

_IDS: Final = {
    "user_id": ("user", IdKind.USER),
    "login_id": ("login", IdKind.LOGIN),
    "key_id": ("key", IdKind.KEY),
}

_FREE: Final = {
    "reason_admin": "administrator's reason",
    "device_model": "model",
    "os_version": "system",
    "app_version": "app",
    "platform_code": "platform code",
}
"""Texts that publishers choose."""


class Fact(NamedTuple):
    """One thing that a record says."""

    label: str
    words: str


def members_of(record: TopicRecord) -> dict[str, Json]:
    """The members of a record's value; none where it cannot be read."""
    return parsed_object(record.value) or {}


def facts_of(members: dict[str, Json], shown: Shown, *, said: frozenset[str]) -> Iterator[Fact]:
    """What there is to know, the most telling first.

    Args:
        members: of the record's value.
        shown: what the reader may see.
        said: names of members that are told elsewhere.
    """
    for name, label in _LABELS.items():
        if name not in said and (words := _words(members.get(name))):
            yield Fact(label, words)
    for name, (label, kind) in _IDS.items():
        if name not in said and (words := _words(members.get(name))):
            yield Fact(label, shown.name(kind, words))
    if shown.is_clear:
        for name, label in _FREE.items():
            if name not in said and (words := _words(members.get(name))):
                yield Fact(label, words)


def _words(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case _:
            return ""
