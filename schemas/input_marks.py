"""Headers that an operator's command puts on input records: what they were before.

No rule looks at them, and no signature covers them. A dead letter keeps them; a replay leaves out
those of the letter.
"""

from typing import Final

REPLAY_OF_HEADER: Final = "biolatch-replay-of"
"""On a record that was a dead letter: that letter's place, `<topic>/<partition>/<offset>`. It is
how a replay knows what was replayed before."""

MOVED_FROM_HEADER: Final = "biolatch-moved-from"
"""On a record that waited in a partition which its device has left: where it stood, as above. What
stands there is never decided."""
