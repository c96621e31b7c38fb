"""What happens to a phone: short stories, each a generator of events, built as they are asked for.

Several run on one phone at a time, so that the rules meet. A story believes that it is alone and
that its events are taken; where that is wrong, the refusals are part of the point.
"""

from collections.abc import Callable

from tests.property.attempt_stories import (
    all_scans_fail,
    biometrics_change,
    biometrics_gone,
    calendar_goes_back,
    clock_goes_back,
    everyday,
    failing_for_ever,
    troubled_weeks,
)
from tests.property.crowd_stories import crowd, forgotten_crowd, forgotten_phone, forgotten_user
from tests.property.enabling_stories import (
    Story,
    clumsy_enabling,
    many_keys,
    not_now,
    switch_off,
    switched_off_by_admin,
)
from tests.property.phone import Owner, Phone

STORIES: dict[Callable[[Phone, Owner], Story], int] = {
    everyday: 6,
    clumsy_enabling: 6,
    many_keys: 3,
    all_scans_fail: 6,
    failing_for_ever: 5,
    clock_goes_back: 2,
    calendar_goes_back: 1,
    troubled_weeks: 6,
    biometrics_change: 7,
    biometrics_gone: 5,
    switch_off: 5,
    switched_off_by_admin: 5,
    not_now: 5,
    crowd: 4,
    forgotten_user: 3,
    forgotten_crowd: 1,
    forgotten_phone: 3,
}


def life(phone: Phone) -> Story:
    """One story after the other for ever, often several at once, some of them cut short."""
    stories = list(STORIES)
    weights = list(STORIES.values())
    while True:
        at_once = phone.random.choice((1, 1, 1, 2, 3))
        users = phone.random.choice((2, 4, 4, 20))
        running = [
            story(phone, phone.random.choice(phone.owners[:users]))
            for story in phone.random.choices(stories, weights, k=at_once)
        ]
        story_now = running[0]
        while running:
            if story_now not in running or phone.world.chance(0.3):
                story_now = phone.random.choice(running)
            event = next(story_now, None)
            if event is None or phone.world.chance(0.005):
                running.remove(story_now)
            if event is not None:
                yield event
