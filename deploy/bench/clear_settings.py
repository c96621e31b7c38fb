"""The settings of a benchmark, which measures biolatch and not the cost of encryption."""

from agents.settings import Settings, load_settings
from events.errors import Misconfigured


def clear_settings() -> Settings:
    """The settings of this process.

    Raises:
        Misconfigured: a setting is wrong, or says that Kafka is secured.
    """
    settings = load_settings()
    if settings.kafka.security_protocol != "PLAINTEXT":
        raise Misconfigured(
            "bench.secured",
            "a benchmark talks to Kafka in the clear, and BIOLATCH_KAFKA__SECURITY_PROTOCOL is "
            f"{settings.kafka.security_protocol}. Unset it and what belongs to it; without "
            "--bootstrap a benchmark has a Kafka of its own.",
        )
    return settings
