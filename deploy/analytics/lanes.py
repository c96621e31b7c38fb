"""The lanes that the security feed comes from: what each reads and writes, and under which names.

Owns those names, for the workers that serve the lanes and for whoever looks at one or frees it.
"""

from dataclasses import dataclass
from enum import StrEnum

from agents.analytics import Mapping, of_dead_letter, of_output
from agents.setting_groups import ApplicationSettings, StoreSettings
from agents.settings import Settings
from schemas.topics import Topic, Topology


class LaneName(StrEnum):
    """A lane, as the command line calls it; it ends the names of all that is the lane's own."""

    VERDICTS = "verdicts"
    DECISIONS = "decisions"
    DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One of the topics that the feed is made of.

    Attributes:
        name: ends the names of its group, changelog and transactional ids.
        input: what is read.
        changelog: where its position is.
        outputs: what is written to.
        mapping: what the feed says of a record.
    """

    name: LaneName
    input: Topic
    changelog: Topic
    outputs: tuple[Topic, ...]
    mapping: Mapping

    @property
    def skip_command(self) -> str:
        """What an operator types, before a partition and an offset, to have a record skipped."""
        return f"biolatch skip --agents analytics --lane {self.name}"

    def settings(self, settings: Settings) -> Settings:
        """The settings of this lane's workers: application and group are the lane's own."""
        suffix = f"analytics-{self.name}"
        application = ApplicationSettings(
            name=f"{settings.application.name}-{suffix}",
            group_id=f"{settings.application.group}-{suffix}",
        )
        # Its two rows a partition need no folder, and must not meet those of the devices agent.
        return settings.model_copy(update={"application": application, "store": StoreSettings()})


def lanes(topics: Topology) -> tuple[Lane, ...]:
    """All that the feed is made of, in the order of their names here."""
    feed, letters = topics.security_events, topics.dead_letters
    return (
        Lane(
            name=LaneName.VERDICTS,
            input=topics.verdicts,
            changelog=topics.analytics_verdicts_changelog,
            outputs=(feed, letters),
            mapping=of_output,
        ),
        Lane(
            name=LaneName.DECISIONS,
            input=topics.decisions,
            changelog=topics.analytics_decisions_changelog,
            outputs=(feed, letters),
            mapping=of_output,
        ),
        Lane(
            name=LaneName.DEAD_LETTERS,
            input=letters,
            changelog=topics.analytics_dead_letters_changelog,
            outputs=(feed,),
            mapping=of_dead_letter,
        ),
    )


def lane_of(name: LaneName, topics: Topology) -> Lane:
    """The lane of that name."""
    [lane] = (each for each in lanes(topics) if each.name is name)
    return lane
