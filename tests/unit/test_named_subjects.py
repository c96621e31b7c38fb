"""Which events are about a subject that a receiver has named (SSF section 8.1.3.1)."""

import json

import pytest

from schemas.named_subjects import is_about, subject_digests

USER = {"format": "iss_sub", "iss": "https://login.example", "sub": "ada"}
OTHER = {"format": "iss_sub", "iss": "https://login.example", "sub": "ben"}
PHONE = {"format": "opaque", "id": "phone-1"}
EVENT = {"format": "complex", "user": USER, "device": PHONE}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (USER, True),
        (PHONE, True),
        (OTHER, False),
        ({"format": "email", "email": "ada@example.com"}, False),
        ({"format": "complex", "user": USER}, True),
        ({"format": "complex", "user": USER, "device": PHONE}, True),
        ({"format": "complex", "user": USER, "tenant": PHONE}, True),
        ({"format": "complex", "user": OTHER, "device": PHONE}, False),
        ({"format": "complex", "user": USER, "device": USER}, False),
        ({"format": "complex", "tenant": PHONE}, False),
        ({"format": "complex"}, False),
    ],
)
def test_an_event_is_about_a_subject(named: dict[str, object], *, expected: bool) -> None:
    event = subject_digests(EVENT, "5eed")
    assert is_about(event, subject_digests(named, "5eed")) == expected


def test_what_is_kept_of_a_subject_names_nobody_and_ties_no_streams_together() -> None:
    kept = subject_digests(EVENT, "5eed")
    assert "ada" not in json.dumps(kept)
    assert "phone-1" not in json.dumps(kept)
    assert set(kept.values()).isdisjoint(subject_digests(EVENT, "cafe").values())


def test_the_order_of_members_does_not_matter() -> None:
    turned = dict(reversed(USER.items()))
    assert subject_digests(turned, "5eed") == subject_digests(USER, "5eed")
