"""The story of the demo: every row of the feature table, in its order, with people and phones.

No step waits: where a promise speaks of time, the story takes the way to it that needs none.
"""

from collections.abc import Iterator

from deploy.demo.script import Row
from deploy.demo.story import changing, choosing, logging_in
from deploy.demo.story.people import Cast


def story() -> Iterator[Row]:
    """The rows, each built when it is asked for: phones count on from row to row."""
    cast = Cast()
    for told in (choosing.TOLD, logging_in.TOLD, changing.TOLD):
        for name, (promise, tell) in told.items():
            yield Row(name, promise, tuple(tell(cast)))
