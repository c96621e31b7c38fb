"""Made-up histories of a few phones, realistic and adversarial at once, the same for one seed.

Few phones, so that the rules meet on each; up to 20 users on a phone, so that every bound of a row
is hit. `generate` gives input records as they lie on the topic, with the time of each, and says
which of them it broke.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from tests.auditor.records import RawRecord
from tests.property.drafts import TYPES
from tests.property.episodes import life
from tests.property.malformed import break_one
from tests.property.phone import Phone
from tests.property.wire import Parts, encode
from tests.property.world import World

INPUT_TOPIC = "biolatch.device-events"
_RETRIES_REACH_BACK = 24  # beyond the 16 remembered events, so that some retries are forgotten

_CHANGE_OF_PHONE = 0.3  # events of one phone come in bursts, so that exact times are met


class History(NamedTuple):
    """Input records in the order of their offsets, and the kind of each broken one."""

    records: list[RawRecord]
    malformed: dict[tuple[int, int], str]


def generate(  # noqa: PLR0913 - the knobs of a history, all with a default
    *,
    seed: int,
    events: int,
    devices: int = 3,
    malformed_share: float = 0.03,
    structured_share: float = 0.1,
    retried_share: float = 0.05,
    wild_share: float = 0.05,
    partitions: int = 2,
    topic: str = INPUT_TOPIC,
    signed: bool = False,
) -> History:
    """A history of so many records; phone n is on partition n modulo `partitions`.

    Where it is `signed`, apps sign what they report, and attackers pretend to.
    """
    told = endless(
        seed=seed,
        devices=devices,
        malformed_share=malformed_share,
        structured_share=structured_share,
        retried_share=retried_share,
        wild_share=wild_share,
        partitions=partitions,
        topic=topic,
        signed=signed,
    )
    history = History([], {})
    for record, broken in islice(told, events):
        history.records.append(record)
        if broken is not None:
            history.malformed[record.partition, record.offset] = broken
    return history


def endless(  # noqa: PLR0913 - as `generate`
    *,
    seed: int,
    devices: int,
    malformed_share: float,
    structured_share: float,
    retried_share: float,
    wild_share: float,
    partitions: int,
    topic: str = INPUT_TOPIC,
    signed: bool = False,
) -> Iterator[tuple[RawRecord, str | None]]:
    """The records of `generate`, one after another without end, each with what is broken in it."""
    world = World(seed)
    random = world.random
    phones = [Phone(world, number, signs=signed) for number in range(devices)]
    lives = [life(phone) for phone in phones]
    sent: list[deque[Parts]] = [deque(maxlen=_RETRIES_REACH_BACK) for _ in phones]
    offsets = [0] * partitions
    number = 0
    while True:
        if world.chance(_CHANGE_OF_PHONE):
            number = random.randrange(devices)
        phone, partition = phones[number], number % partitions
        roll, broken = random.random(), None
        if roll < malformed_share:
            broken, parts = break_one(random, phone)
        elif roll < malformed_share + retried_share and sent[number]:
            world.tick()
            parts = random.choice(sent[number])
        elif roll < malformed_share + retried_share + wild_share:
            parts = encode(random, phone.wild(random.choice(TYPES[:-1])), structured_share)
            sent[number].append(parts)
        else:
            parts = encode(random, next(lives[number]), structured_share)
            sent[number].append(parts)
        # Markers of transactions take offsets, too.
        offsets[partition] += random.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, 3))
        place = (partition, offsets[partition])
        yield (
            RawRecord(topic, *place, world.now, parts.key, parts.value, tuple(parts.headers)),
            broken,
        )
