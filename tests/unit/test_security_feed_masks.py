"""What the feed keeps to itself: ids in whatever field they come, and how masks go together."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.analytics import AnalyticsAgent, of_output
from agents.feed_keys import FeedKeys
from agents.lane.port import Partition
from events.decisions import DECISION_TYPES
from events.facts import FACT_TYPES
from events.verdicts import VERDICT_TYPES, Cause
from events.vocabulary import RefusedReason
from schemas.ocsf.masking import IdKind
from schemas.topics import DECISIONS, SECURITY_EVENTS, VERDICTS
from tests.analytics.feed import KEYS, events_of, output_record, refused, replaced
from tests.unit.generated import STABLE, instances

FEW = settings(STABLE, max_examples=6)
CAUSES = [fact.event_type for fact in FACT_TYPES]
OLD, NEW = b"a key that goes, of 32 bytes and more", b"a key that comes, of 32 bytes and more"
NEEDLES = ("phone-4711-of-ana", "user-ana-1985", "login-of-ana-77", "event-of-ana-9")


def leaky(output_type: type[Any]) -> st.SearchStrategy[Any]:
    """Outputs whose free texts carry ids, as a careless publisher would write them."""
    device, user, login, _ = NEEDLES
    carried = {name: f"{device} {user}" for name in FREE_TEXTS if name in fields_of(output_type)}
    return instances(output_type).map(
        lambda output: replaced(
            output,
            {
                **carried,
                "device_id": device,
                "user_id": user,
                "login_id": login,
                "cause": Cause(output.cause.type, f"/app/{user}"),
            },
        )
    )


FREE_TEXTS = ("platform_code", "os_version", "app_version", "device_model", "reason_admin")


def fields_of(struct: type[Any]) -> tuple[str, ...]:
    fields: tuple[str, ...] = struct.__struct_fields__
    return fields


@pytest.mark.parametrize(
    "output_type", [*VERDICT_TYPES, *DECISION_TYPES], ids=lambda each: each.__name__
)
def test_no_id_stands_in_the_feed_in_clear_whatever_field_it_came_in(
    output_type: type[Any],
) -> None:
    topic = VERDICTS if output_type in VERDICT_TYPES else DECISIONS

    @FEW
    @given(output=leaky(output_type), cause=st.sampled_from(CAUSES))
    def hidden(output: Any, cause: str) -> None:  # noqa: ANN401 - any output
        output = replaced(output, {"cause": Cause(cause, output.cause.source)})
        record = output_record(output, causation=NEEDLES[3])
        agent = AnalyticsAgent(of_output, KEYS)
        result = agent(Partition(topic, 0), {}, [record])
        for key, value, headers in result.outgoing[SECURITY_EVENTS]:
            written = [key or b"", value or b"", *(text or b"" for _, text in headers)]
            assert not [one for one in NEEDLES for part in written if one.encode() in part]

    hidden()


def test_short_ids_do_not_eat_versions() -> None:
    verdict = refused(RefusedReason.REVOKED, user_id="17", os_version="17.1", device_model="17")
    [event] = events_of(VERDICTS, [output_record(verdict)])
    assert event["device"]["os"]["version"] == "17.1"
    assert "model" not in event["device"]


def test_masks_tell_kinds_keys_and_ids_apart_and_join_over_a_rotation() -> None:
    before, during, after = FeedKeys([OLD]), FeedKeys([OLD, NEW]), FeedKeys([NEW, OLD])
    assert before(IdKind.DEVICE, "1").uid != before(IdKind.USER, "1").uid
    assert before(IdKind.DEVICE, "1") == before(IdKind.DEVICE, "1")
    assert before(IdKind.DEVICE, "1").uid_alt is None
    assert during(IdKind.DEVICE, "1").uid == before(IdKind.DEVICE, "1").uid
    assert during(IdKind.DEVICE, "1")[::-1] == after(IdKind.DEVICE, "1")
    assert before.key_ids[0] != after.key_ids[0]
    assert after(IdKind.DEVICE, "1").uid.startswith(f"{after.key_ids[0]}.")
