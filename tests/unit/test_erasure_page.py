# Goal: the times that the page on erasure promises are those that the topics are set up with.
from pathlib import Path

import pytest

from schemas.topics import BROKER_SLACK_MS, Topic, topology

PAGE = (Path(__file__).parents[2] / "docs/erasure.md").read_text(encoding="utf-8")


def days_and_hours(duration_ms: int) -> str:
    days, rest_ms = divmod(duration_ms, 86_400_000)
    hours, rest_ms = divmod(rest_ms, 3_600_000)
    assert rest_ms == 0
    return f"{days} d {hours} h" if hours else f"{days} d"


@pytest.mark.parametrize("topic", topology().with_ids, ids=lambda topic: topic.name)
def test_the_table_of_retention_says_what_is_set(topic: Topic) -> None:
    gone = days_and_hours(topic.gone_after_ms - BROKER_SLACK_MS)
    kept = days_and_hours(topic.retention_ms)
    assert f"| `{topic.name}` | {topic.cleanup.value} | {kept} | {gone} |" in PAGE
    assert BROKER_SLACK_MS == 600_000
    assert "at most 10," in PAGE
