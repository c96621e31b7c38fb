"""What a receiver may have of a stream, and what an operator may set."""

import msgspec
import pytest
from pydantic import ValidationError

from agents.signals.settings import SharedSignalsSettings
from agents.signals.stream_requests import StreamRules, StreamWishes, Unacceptable
from agents.signals.streams import (
    Kind,
    RemovedSubject,
    StoredKey,
    Stream,
    Verification,
    decode_key,
    decode_stored,
    encode_stored,
    subject_key,
)
from events.errors import InvariantBroken
from schemas.signal_types import SignalType, SubjectFormat


def rules(*origins: str) -> StreamRules:
    return StreamRules(
        issuer="https://signals.example",
        offered=(SignalType.CREDENTIAL_CHANGE, SignalType.SESSION_REVOKED),
        subject_format=SubjectFormat.ISS_SUB,
        push_origins=origins,
        verification_interval_s_min=5,
    )


def pushing_to(address: str, *origins: str) -> Stream:
    wishes = {"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": address}}
    return rules(*origins).new("5eed", "bank", msgspec.convert(wishes, StreamWishes))


@pytest.mark.parametrize(
    "address", ["https://gateway.example/events", "https://gateway.example:8443/a?b=c"]
)
def test_a_stream_pushes_to_a_named_host_over_tls(address: str) -> None:
    assert pushing_to(address).delivery.endpoint_url == address


@pytest.mark.parametrize(
    "address",
    [
        "http://gateway.example/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://10.0.0.1/",
        "https://93.184.216.34/",
        "https://localhost/",
        "https://kafka/",
        "https://user:password@gateway.example/",
        "https://gateway.example/#fragment",
        "https://gateway.example:port/",
        "https:///events",
        "file:///etc/passwd",
        "gopher://gateway.example/",
        "events",
        "",
    ],
)
def test_a_stream_does_not_push_to_where_only_we_can_reach(address: str) -> None:
    with pytest.raises(Unacceptable):
        pushing_to(address)


def test_where_origins_are_listed_no_other_will_do() -> None:
    origins = ("https://gateway.example", "http://127.0.0.1:8080")
    assert pushing_to("https://gateway.example/a", *origins)
    assert pushing_to("http://127.0.0.1:8080/a", *origins)
    for address in (
        "https://gateway.example:8443/a",
        "https://gateway.example.evil.example/",
        "http://gateway.example/",
        "https://other.example/",
        "https://gateway.example@other.example/",
    ):
        with pytest.raises(Unacceptable):
            pushing_to(address, *origins)


def test_a_stream_carries_what_is_asked_for_of_what_is_on_offer() -> None:
    asked = (SignalType.SESSION_REVOKED.value, SignalType.RISK_LEVEL_CHANGE.value, "urn:x")
    stream = rules().new("5eed", "bank", StreamWishes(events_requested=asked))
    assert stream.delivered(rules().offered) == (SignalType.SESSION_REVOKED,)
    assert rules().new("5eed", "bank", StreamWishes()).delivered(rules().offered)


def test_a_long_description_is_cut() -> None:
    stream = rules().new("5eed", "bank", StreamWishes(description="x" * 300))
    assert stream.description == "x" * 256


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": "http://signals.example"},
        {"issuer": "https://signals.example?a=b"},
        {"issuer": "signals.example"},
        {"listen_host": "0.0.0.0"},  # noqa: S104 - refused without a certificate
        {"tls_key_file": "key.pem"},
        {"events": []},
        {"events": ["everything"]},
        {"push_origins": ["gateway.example"]},
        {"push_origins": ["https://gateway.example/path"]},
        {"push_origins": ["https://"]},
        {"session_revoked_for": ["whim"]},
        {"backoff_s_min": 10, "backoff_s_max": 5},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SharedSignalsSettings.model_validate(settings)


def test_a_certificate_lets_the_endpoints_listen_on_a_network() -> None:
    settings = {"listen_host": "::", "tls_certificate_file": "server.pem"}
    assert SharedSignalsSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.STREAM, pushing_to("https://gateway.example/")),
        (Kind.VERIFICATION, Verification(verification_id="v", asked_ms=7, state="s")),
        (Kind.SUBJECT, RemovedSubject(digests={"user": "ab"})),
    ],
)
def test_what_is_stored_is_read_back(
    kind: Kind, value: Stream | Verification | RemovedSubject
) -> None:
    assert decode_stored(kind, encode_stored(value)) == value


@pytest.mark.parametrize(
    "key", [StoredKey(Kind.STREAM, "5eed"), subject_key("5eed", {"": "ab", "user": "cd"})]
)
def test_a_key_is_read_back(key: StoredKey) -> None:
    assert decode_key(key.encoded()) == key


def test_what_a_newer_process_has_written_is_refused() -> None:
    with pytest.raises(InvariantBroken, match="newer"):
        decode_stored(Kind.STREAM, b"2 {}")
    with pytest.raises(InvariantBroken):
        decode_stored(Kind.STREAM, b"1 {}")
    for key in (None, b"", b"stream", b"other/5eed"):
        with pytest.raises(InvariantBroken):
            decode_key(key)
