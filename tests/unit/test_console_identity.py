# Goal: whom a proxy may name, what masks give away, and what the settings refuse.
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.console_settings import ConsoleSettings
from deploy.web_console.access import ways_in
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.masks import IdKind, KnownDevices, Masks, read_mask_key
from deploy.web_console.proxy_identity import ProxyIdentity
from deploy.web_console.shown import Shown
from events.errors import Misconfigured

PROXY = ConsoleSettings(
    proxy_user_header="X-User",
    proxy_operator_group="ops",
    proxy_viewer_group="staff",
    trusted_proxies="10.0.0.0/8, ::1",
)


@pytest.mark.parametrize(
    ("peer", "headers", "role"),
    [
        ("10.1.2.3", {"x-user": "a", "x-auth-request-groups": "staff,ops"}, ConsoleRole.OPERATOR),
        ("10.1.2.3", {"x-user": "a", "x-auth-request-groups": "staff"}, ConsoleRole.VIEWER),
        ("::1", {"x-user": "a", "x-auth-request-groups": " staff "}, ConsoleRole.VIEWER),
        ("10.1.2.3", {"x-user": "a", "x-auth-request-groups": "others"}, None),
        ("10.1.2.3", {"x-user": "a"}, None),
        ("10.1.2.3", {"x-auth-request-groups": "ops"}, None),
        ("10.1.2.3", {"x-user": "a\x1b[2J", "x-auth-request-groups": "ops"}, None),
        ("192.0.2.1", {"x-user": "a", "x-auth-request-groups": "ops"}, None),
        ("", {"x-user": "a", "x-auth-request-groups": "ops"}, None),
    ],
)
def test_a_proxy_s_word_counts_only_from_a_trusted_address_and_for_its_groups(
    peer: str, headers: dict[str, str], role: ConsoleRole | None
) -> None:
    identity = ProxyIdentity(PROXY).identity(peer, headers)
    assert (identity and identity.role) == role


def test_an_operator_group_that_is_not_set_has_nobody() -> None:
    proxy = ProxyIdentity(ConsoleSettings(proxy_user_header="x-user", trusted_proxies="::1"))
    identity = proxy.identity("::1", {"x-user": "a", "x-auth-request-groups": "None,,ops"})
    assert identity == Identity("a", ConsoleRole.VIEWER)


def test_what_a_stranger_says_of_addresses_and_encryption_is_nothing() -> None:
    proxy = ProxyIdentity(PROXY)
    said = {"x-forwarded-for": "198.51.100.1, 203.0.113.9", "x-forwarded-proto": "https"}
    assert proxy.client_address("10.1.1.1", said) == "203.0.113.9"
    assert proxy.client_address("192.0.2.1", said) == "192.0.2.1"
    assert proxy.is_secure("10.1.1.1", "http", said)
    assert not proxy.is_secure("192.0.2.1", "http", said)
    assert proxy.is_secure("192.0.2.1", "https", {})


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_mask_tells_ids_apart_and_has_nothing_of_them(one: str, other: str) -> None:
    masks = Masks(b"k" * 64)
    assert (masks.of(IdKind.USER, one) == masks.of(IdKind.USER, other)) == (one == other)
    assert masks.of(IdKind.USER, one)[5:] != masks.of(IdKind.DEVICE, one)[7:]
    assert masks.of(IdKind.USER, one) != Masks(b"l" * 64).of(IdKind.USER, one)


def test_who_may_not_see_ids_gets_masks() -> None:
    devices = KnownDevices(Masks(b"k" * 64))
    masks = Masks(b"k" * 64)
    viewer = Shown(Identity("v", ConsoleRole.VIEWER), masks, devices)
    operator = Shown(Identity("o", ConsoleRole.OPERATOR), masks, devices)
    assert operator.device("phone-1") == "phone-1"
    assert operator.user("ana") == "ana"
    assert viewer.user("ana") == masks.of(IdKind.USER, "ana")
    assert viewer.device("phone-1") == operator.reference("phone-1")
    assert devices.device_of(viewer.device("phone-1")) == "phone-1"
    assert viewer.user("") == ""


def test_the_device_shown_longest_ago_is_forgotten_first() -> None:
    devices = KnownDevices(Masks(b"k" * 64))
    first, second = devices.mask_of("first"), devices.mask_of("second")
    for number in range(49_998):
        devices.mask_of(str(number))
    devices.mask_of("first")
    devices.mask_of("one more")
    assert devices.device_of(first) == "first"
    assert devices.device_of(second) is None


def test_a_mask_key_is_a_secret_of_some_length(tmp_path: Path) -> None:
    file = tmp_path / "mask.key"
    file.touch(mode=0o600)
    file.write_bytes(b"too short\n")
    with pytest.raises(Misconfigured, match="16 bytes"):
        read_mask_key(file)
    file.write_bytes(b"long enough, and secret\n")
    assert read_mask_key(file) == read_mask_key(file)
    assert read_mask_key(None) != read_mask_key(None)
    file.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_mask_key(file)


@pytest.mark.parametrize(
    "settings",
    [
        {"proxy_user_header": "x-user"},
        {"proxy_user_header": "x user", "trusted_proxies": "::1"},
        {"trusted_proxies": "10.0.0.0/33"},
        {"allowed_hosts": "https://console"},
        {"tls_certificate_file": "a"},
        {"port": 70_000},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ConsoleSettings.model_validate(settings)


def test_nobody_serves_the_world_without_saying_who_may_come() -> None:
    with pytest.raises(Misconfigured, match="TOKENS_FILE"):
        ways_in(ConsoleSettings(host="0.0.0.0"))  # noqa: S104 - on purpose
    assert ways_in(ConsoleSettings(host="::1")).made_up_token is not None
    proxied = ways_in(PROXY.model_copy(update={"host": "0.0.0.0"}))  # noqa: S104 - as above
    assert proxied.made_up_token is None
