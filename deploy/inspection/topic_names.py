"""Topics by the names that people type."""

from schemas.topics import TopicName, topology

_PREFIX = "biolatch."


def short_name(name: str) -> str:
    """The name without the part that all share."""
    return name.removeprefix(_PREFIX)


def short_names(application: str) -> list[str]:
    """What may be typed."""
    return [short_name(topic.name) for topic in topology(application).topics]


def named_topic(text: str, application: str) -> TopicName:
    """The topic of that short or full name.

    Raises:
        ValueError: there is none; the message lists what there is.
    """
    for topic in topology(application).topics:
        if text in (topic.name, short_name(topic.name)):
            return topic.name
    raise ValueError(f"there is no {text!r}; choose one of {', '.join(short_names(application))}")
