"""What a campaign measured, kept as a file; run me to see the table of docs/reliability.md."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One scenario's figures.

    Attributes:
        faults: how often each fault came.
        published_again: events sent twice by publishers that got no answer.
        looks_at_the_group: how often the group's offsets were compared with the log.
        losses: confirmed events that are gone, or that nobody answered.
        aborted_repeats: verdicts that a `read_uncommitted` reader sees once more.
        longest_wait_s: from an event's confirmation to its verdict in the log.
        pauses_s: the longest pause of a partition, by what caused it; where a scenario measures.
    """

    scenario: str
    seed: int
    size: str
    duration_s: int
    faults: dict[str, int]
    published_again: int
    looks_at_the_group: int
    events: int
    verdicts: int
    decisions: int
    dead_letters: int
    losses: int
    aborted_repeats: int
    longest_wait_s: float
    pauses_s: dict[str, float] = field(default_factory=dict)

    def keep(self, folder: Path) -> None:
        """Write them beside those of the other scenarios."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.scenario}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")


def table(folder: Path) -> str:
    """All scenarios' figures in Markdown."""
    lines = [
        "| scenario | faults | seed | events | losses | aborted repeats | longest wait | took |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(folder.glob("*.json")):
        each = Figures(**json.loads(path.read_text()))
        faults = ", ".join(f"{count} {fault}" for fault, count in each.faults.items())
        lines.append(
            f"| {each.scenario} | {faults} | {each.seed} | {each.events:,} | {each.losses} | "
            f"{each.aborted_repeats:,} | {each.longest_wait_s} s | {each.duration_s} s |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    from tests.faults.campaign_size import SETTINGS

    print(table(SETTINGS.folder))  # noqa: T201 - that is what it is for
