"""The time and the chance of a made-up history."""

from random import Random

from tests.auditor.times import DAY, HOUR, MINUTE, SECOND

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


class World:
    """One clock for all devices; it moves by random steps and sometimes goes back."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = START
        self._held = False

    def tick(self) -> int:
        """Let time pass before the next event, unless `jump` has just said how much."""
        if self._held:
            self._held = False
            return self.now
        roll = self.random.random()
        if roll < 0.85:
            self.now += self.random.randint(0, 5 * SECOND)
        elif roll < 0.95:
            self.now += self.random.randint(0, 10 * MINUTE)
        elif roll < 0.985:
            self.now += self.random.randint(0, DAY)
        elif roll < 0.99:
            self.now += self.random.randint(0, 5 * 7 * DAY)
        else:
            self.now -= self.random.choice((1, 999, MINUTE, HOUR, 2 * HOUR, 3 * DAY))
        return self.now

    def jump(self, duration: int) -> None:
        """Let exactly so much time pass before the next event."""
        self.now += duration
        self._held = True

    def jump_to_edge(self, instant: int) -> None:
        """Go to where a limit ends: often just onto it, else one millisecond beside it.

        If other stories have gone far beyond it, time goes on from there instead.
        """
        beside = self.random.choice((-1, -1, 0, 0, 0, 0, 1, 1))
        if instant > self.now - HOUR:
            self.jump(instant + beside - self.now)

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.random.random() < probability
