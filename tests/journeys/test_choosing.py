"""Yes or no: offering, enabling, disabling, and what never leaves the phone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import schemas
from deploy.demo.script import accepted, applied, decided, not_counted, noted, refused
from deploy.demo.story.people import Person
from tests.journeys.journey import Journey, with_data

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMAS = Path(schemas.__file__).with_name("json")


async def test_optional(journey: Journey) -> None:
    phone, other, ana = journey.phone(), journey.phone(), Person("ana", "face")
    await journey.leads_to(phone.scans(ana, "matched"), refused("unknown_binding", "use_password"))
    answer = await journey.leads_to(
        phone.declines(ana, "login_prompt"),
        noted(),
        state={"status": "absent", "offer": "settings_only", "since": None},
    )
    assert answer.state is not None
    assert answer.state["users"]["ana"]["prompt_not_before"] == journey.text_after(days=30)
    # Per device: a yes on one phone is none on the other, and a no to a prompt takes nothing away.
    await journey.enables(other, ana)
    await journey.leads_to(phone.scans(ana, "matched"), refused("unknown_binding", "use_password"))
    await journey.leads_to(
        other.declines(ana, "after_login_prompt"),
        noted(),
        state={"status": "enabled", "prompt_not_before": None},
    )


async def test_two_places(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    for place in ("sign_in", "protected_page"):
        await journey.leads_to(phone.scans(ana, "matched", place), accepted(place=place))
    await journey.leads_to(
        phone.scans(ana, "fallback_chosen", "protected_page"),
        not_counted(),
        decided("fallback-required", place="protected_page", login_id=ana.login_id),
    )


async def test_instead_of_password(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    for _ in range(3):
        ana.logs_in_again()
        await journey.leads_to(
            phone.scans(ana, "matched"),
            accepted(login_id=ana.login_id, outcome="matched"),
            state={"status": "enabled", "reason": None, "guidance": "none"},
        )


async def test_guided_enable(journey: Journey) -> None:
    for channel in ("login_prompt", "after_login_prompt"):
        phone, ana = journey.phone(), Person("ana", "face")
        await journey.leads_to(
            phone.enables(ana, channel),
            applied(channel=channel),
            decided("enabled", channel=channel, key_id=ana.key_id),
            state={"status": "enabled", "offer": "none"},
        )
        # Whoever is not enabled any more, against their will, is prompted again.
        await journey.leads_to(
            phone.changes("added"),
            applied(),
            decided("disabled", reason="biometrics_changed"),
        )
        await journey.leads_to(
            phone.scans(ana, "matched"),
            refused("disabled", "use_password"),
            decided("re-enable-required", guidance="re_enable"),
            state={"status": "disabled", "offer": "prompt", "guidance": "re_enable"},
        )


async def test_manual_enable(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "fingerprint")
    await journey.leads_to(phone.declines(ana, "login_prompt"), noted())
    await journey.leads_to(
        phone.enables(ana, "settings"),
        applied(channel="settings"),
        decided("enabled", channel="settings", method="fingerprint"),
        state={"status": "enabled", "prompt_not_before": None, "offer": "none"},
    )
    await journey.leads_to(phone.scans(ana, "matched"), accepted())


async def test_device_first(journey: Journey) -> None:
    phone, ana = journey.phone("android"), Person("ana", "fingerprint")
    for os_biometrics in ("not_set_up", "unavailable"):
        await journey.leads_to(
            phone.enables(ana, "settings", os_biometrics=os_biometrics),
            refused("os_biometrics_not_ready", "open_device_settings"),
        )
    await journey.enables(phone, ana, "settings")
    # The same guidance when they have gone from the phone.
    ana.logs_in_again()
    await journey.leads_to(
        phone.scans(ana, "not_enrolled"),
        not_counted(),
        decided("disabled", reason="os_biometrics_removed", guidance="open_device_settings"),
        decided("fallback-required", reason="os_biometrics_removed", guidance="use_password"),
        state={"status": "disabled", "offer": "device_settings_first"},
    )


@pytest.mark.parametrize(
    ("platform", "method", "label"),
    [
        ("ios", "face", "Face ID"),
        ("ios", "fingerprint", "Touch ID"),
        ("android", "face", "face recognition"),
        ("android", "fingerprint", "fingerprint recognition"),
        ("other", "face", "face recognition"),
        ("other", "fingerprint", "fingerprint recognition"),
    ],
)
async def test_prompt_label(journey: Journey, platform: str, method: str, label: str) -> None:
    phone, ana = journey.phone(platform), Person("ana", method)
    await journey.leads_to(
        phone.enables(ana, "login_prompt"),
        applied(),
        decided("enabled", prompt_label=label),
        state={"prompt_label": label},
    )
    # It stays hers when it is off.
    await journey.leads_to(
        phone.withdraws(ana),
        applied(),
        decided("disabled", prompt_label=label),
        state={"prompt_label": label},
    )


async def test_disable_any_time(journey: Journey) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    off = {"status": "disabled", "reason": "user_request", "offer": "settings_only"}
    disabled = decided("disabled", reason="user_request", guidance="none")
    await journey.leads_to(phone.withdraws(ana), noted(), state={"status": "absent"})
    await journey.enables(phone, ana)
    await journey.leads_to(phone.withdraws(ana), applied(), disabled, state=off)
    await journey.leads_to(phone.withdraws(ana), applied(), state=off)
    # In the middle of a login that has fallen back.
    await journey.leads_to(phone.enables(ana, "settings"), applied(), decided("re-enabled"))
    await journey.leads_to(
        phone.scans(ana, "locked_timed"),
        not_counted(),
        decided("fallback-required", reason="device_locked"),
    )
    await journey.leads_to(phone.withdraws(ana), applied(), disabled, state=off)
    # No login nags.
    ana.logs_in_again()
    await journey.leads_to(phone.scans(ana, "matched"), refused("disabled", "use_password"))
    # No questions asked: there is no field for an answer.
    withdrawn = json.loads((SCHEMAS / "biolatch.enrollment.withdrawn.v1.json").read_text())
    assert set(withdrawn["properties"]) == {"user_id", "channel"}


IDS = {"user_id", "device_id", "login_id", "key_id", "fallback_login_id"}
WORDS = {
    *("channel", "method", "platform", "os_biometrics", "key_binding", "place", "outcome"),
    *("change", "detected_by", "reason", "previous_reason", "guidance", "status", "offer"),
    *("prompt_label", "os_version", "app_version", "device_model", "platform_code"),
    *("reason_admin", "policy_version"),
}
COUNTS = {"bio_epoch", "seq", "scans", "attempts_left"}
YES_OR_NO = {"os_upgraded", "allow_re_enable"}
INSTANTS = {"password_verified_at", "occurred_at", "since", "wait_until", "prompt_not_before"}
# Made by the device-bound key, never from a face or a finger; only the input carries them.
KEYS = {
    *("public_key", "kty", "crv", "x", "y", "alg", "use", "kid"),
    *("device_signature", "challenge"),
}
STRUCTURE = {"cause", "type", "source", "users"}
TOLD = "biolatch.notification.created.v1"
"""Words for people, made of a decision; it goes out to endpoints and never comes in."""
FIELDS = IDS | WORDS | COUNTS | YES_OR_NO | INSTANTS | KEYS | STRUCTURE


async def test_never_in_our_possession(journey: Journey) -> None:
    documents = {path.stem: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    assert len(documents) > 20
    assert not set(_fields(documents.pop(TOLD))) & KEYS
    for name, document in documents.items():
        fields = set(_fields(document))
        assert fields <= FIELDS, f"{name}: is that biometric data?"
        is_input = ".verdict." not in name and ".decision." not in name and "state" not in name
        assert is_input or not fields & KEYS, name
        # A template needs bytes or a list, a score needs a fraction: nothing can hold any.
        assert not {"array", "number"} & set(_types(document)), name
    phone, ana = journey.phone(), Person("ana", "face")
    await journey.enables(phone, ana)
    template = f"template-{journey.name}"
    await journey.leads_to(
        with_data(phone.scans(ana, "matched"), face_template=template, match_score=98),
        accepted(face_template=None, match_score=None),
    )
    await journey.leads_to(
        with_data(phone.enables(ana, "settings"), face_template=template),
        applied(face_template=None),
        decided("enabled", face_template=None),
    )
    await journey.observer.catch_up()
    assert journey.observer.topics_with(phone.device) != []
    assert journey.observer.topics_with(template) == []


def _fields(schema: object) -> Iterator[str]:
    """Every name of a field, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _fields(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _fields(part)


def _types(schema: object) -> Iterator[str]:
    """Every type of a value, however deep."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema["type"]
        for part in schema.values():
            yield from _types(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _types(part)
