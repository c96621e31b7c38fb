"""What fault campaigns count beside the audit."""

from pathlib import Path

import pytest

from tests.auditor.records import Delivery, RawRecord
from tests.faults.campaign_figures import Figures, table
from tests.faults.campaign_judgement import Evidence, longest_wait_ms, lost_events
from tests.faults.campaign_size import CampaignSettings
from tests.faults.load import Acknowledged


def event(offset: int, value: bytes = b"{}") -> RawRecord:
    return RawRecord("biolatch.device-events", 0, offset, 0, b"phone", value, [])


def confirmed(offset: int, at_ms: int = 0) -> Acknowledged:
    return Acknowledged(0, offset, at_ms, event(offset))


def test_a_confirmed_event_that_is_gone_or_another_is_lost() -> None:
    assert lost_events([confirmed(1), confirmed(2)], [event(1), event(2), event(3)]) == []
    (gone,) = lost_events([confirmed(1), confirmed(2)], [event(1)])
    assert gone.startswith("lost: ")
    (another,) = lost_events([confirmed(1)], [event(1, b"other")])
    assert another.startswith("lost: ")
    (twice,) = lost_events([confirmed(1), confirmed(1)], [event(1)])
    assert twice == "confirmed twice: (0, 1)"


def test_the_longest_wait_is_from_confirmation_to_verdict() -> None:
    name = [("ce_id", b"biolatch.device-events/0/1/0")]
    verdict = RawRecord("biolatch.verdicts", 0, 0, 5_700, b"phone", b"{}", name)
    evidence = Evidence(
        by_topic={"biolatch.verdicts": [verdict]},
        uncommitted=[],
        delivery=Delivery([], {}, {}),
        acknowledged=[confirmed(1, at_ms=5_000), confirmed(2, at_ms=1)],
    )
    assert longest_wait_ms(evidence) == 700


def test_figures_are_kept_and_shown(tmp_path: Path) -> None:
    Figures(
        scenario="some",
        seed=3,
        size="default",
        duration_s=20,
        faults={"kill": 2, "pause": 1},
        published_again=0,
        looks_at_the_group=9,
        events=1_234,
        verdicts=1_200,
        decisions=500,
        dead_letters=34,
        losses=0,
        aborted_repeats=7,
        longest_wait_s=1.5,
    ).keep(tmp_path)
    assert table(tmp_path).splitlines()[-1] == (
        "| some | 2 kill, 1 pause | 3 | 1,234 | 0 | 7 | 1.5 s | 20 s |"
    )


@pytest.mark.parametrize("size", ["default", "faults", "soak"])
def test_every_size_hurts_in_every_way(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTS_SIZE", size)
    counts = CampaignSettings().counts
    assert all(getattr(counts, name) > 0 for name in counts.__slots__)
