"""A device with records outside of its own partition: whose fault that is, and how bad."""

from collections.abc import Iterable

from rich.text import Text

from deploy.console import diagnostics


def warn_astray(partitions: Iterable[int], home: int) -> None:
    """Say on standard error that a publisher partitions differently."""
    where = ", ".join(str(partition) for partition in sorted(partitions))
    diagnostics().print(
        Text.assemble(
            ("warning[publisher.other-partitioner]", "bold yellow"),
            f": the device belongs to partition {home}, and has records in {where}. Some "
            "publisher does not partition as Kafka's Java clients do (murmur2; librdkafka needs "
            "partitioner=murmur2_random), so the order of this device's events is not kept, and "
            "each partition has a state of its own. Mend the publisher first. (Records from before "
            "a `biolatch topics repartition` stay where they were; then nothing is wrong.)",
        ),
        soft_wrap=not diagnostics().is_terminal,
    )
