# Goal: an id is found however it was written, and no other id is taken for it.
import json

import pytest

from deploy.erasure.leaving import aged_out_ms, cleaned_ms, terms_of, tombstone_gone_ms
from deploy.erasure.needle import Needle
from schemas.topics import BROKER_SLACK_MS, topology

TRICKY = 'a/b "c"'


@pytest.mark.parametrize(
    "data",
    [
        b"phone-1",
        b'{"device_id":"phone-1"}',
        b'{"x":"\\u0070hone-1"}',
        b'{"x":"' + "".join(f"\\u{ord(each):04X}" for each in "phone-1").encode() + b'"}',
        b"\xff\xfephone-1\x00",
        "phone-1".encode("utf-16"),
        "phone-1".encode("utf-16-be"),
        b"of phone-1/3",
        b"phone-10, phone-1",
    ],
)
def test_an_id_is_found(data: bytes) -> None:
    assert Needle("phone-1").is_in(data)


@pytest.mark.parametrize("data", [None, b"", b"phone-10", b"myphone-1", b"phone-2", b"PHONE-1"])
def test_another_id_is_not(data: bytes | None) -> None:
    assert not Needle("phone-1").is_in(data)


def test_an_id_that_json_escapes_is_found() -> None:
    text = json.dumps({"x": TRICKY})
    assert TRICKY not in text
    assert Needle(TRICKY).is_in(text.encode())
    assert Needle(TRICKY).is_in(text.replace("/", "\\/").encode())


def test_the_bounds_are_those_that_the_topology_states() -> None:
    defaults = {
        "retention.ms": "604800000",
        "segment.ms": "604800000",
        "max.compaction.lag.ms": "9223372036854775807",
        "delete.retention.ms": "86400000",
    }
    for topic in topology().topics:
        terms = terms_of({**defaults, **topic.settings(replication=1)})
        if topic.settings(replication=1)["cleanup.policy"] == "delete":
            assert aged_out_ms(terms, 5) == 5 + topic.gone_after_ms
        else:
            assert tombstone_gone_ms(terms, 5) == 5 + topic.gone_after_ms
            assert cleaned_ms(terms, 5) == 5 + 6 * 3_600_000 + BROKER_SLACK_MS


def test_a_topic_that_forgets_nothing_has_no_bound() -> None:
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "segment.ms": "1",
        "max.compaction.lag.ms": "1",
        "delete.retention.ms": "1",
    }
    assert aged_out_ms(terms_of(settings), 5) is None
    assert terms_of(settings).words == "retention.ms for ever"
