"""What a result counts, by name."""

from agents.lane.port import BatchResult


def counted(result: BatchResult, name: str) -> dict[tuple[str, ...], int]:
    """The counts of that name, by what tells them apart."""
    return {count[1:]: number for count, number in result.counts.items() if count[0] == name}
