# Goal: after a restore every public state is what its row says, and nothing right is written again.
from agents.core.policy import Policy
from agents.core.projection import public_state
from agents.core.state import DeviceState, User
from agents.device_rows import encode_row
from agents.lane.port import Partition
from agents.lane.position import POSITION_KEY, Position
from agents.lane.rows import MemoryRows
from agents.row_places import ERASED_PREFIX, KEY_ID_KEY
from deploy.records.topic_record import TopicRecord
from deploy.state_restore import compared, differences
from events.vocabulary import Status
from schemas.outputs import public_state_value
from schemas.topics import DEVICE_EVENTS, DEVICE_STATE

POLICY = Policy()
HERE = Partition(DEVICE_STATE, 3)
ANA = DeviceState(users=(User(user_id="ana", status=Status.ABSENT),), watermark=7)
NOBODY = DeviceState(erased_ms=5, watermark=8)


def value(device_id: str, state: DeviceState) -> bytes | None:
    return public_state_value(public_state(device_id, state, POLICY))


def states(**values: bytes | None) -> dict[bytes, TopicRecord]:
    return {
        name.encode(): TopicRecord(HERE, 0, 0, name.encode(), each, ())
        for name, each in values.items()
    }


ROWS = MemoryRows(
    {
        POSITION_KEY: Position(DEVICE_EVENTS, 9, 4, 2).encode(),
        KEY_ID_KEY: b"0123456789abcdef",
        ERASED_PREFIX + b"mark": encode_row(NOBODY),
        b"right": encode_row(ANA),
        b"lost": encode_row(ANA),
        b"wrong": encode_row(ANA),
        b"nobody": encode_row(NOBODY),
        b"left": encode_row(NOBODY),
    }
)
STATES = states(right=value("right", ANA), wrong=b"{}", left=b"{}", unknown=b"{}")


def test_states_are_counted_by_how_they_compare_with_their_rows() -> None:
    found = compared(3, ROWS, STATES, POLICY)
    assert (found.right, found.missing, found.different, found.surplus) == (1, 1, 1, 2)
    assert (found.written, found.unknown) == (4, False)


def test_what_differs_is_written_as_of_the_row_and_what_nobody_knows_is_taken_away() -> None:
    written = {
        key: (said, headers) for key, said, headers in differences(3, ROWS, STATES, POLICY, 9)
    }
    as_of = [("biolatch-as-of", f"{DEVICE_EVENTS}/3/{at}".encode()) for at in (7, 8)]
    assert written == {
        b"lost": (value("lost", ANA), (as_of[0],)),
        b"wrong": (value("wrong", ANA), (as_of[0],)),
        b"left": (None, (as_of[1],)),
        b"unknown": (None, (as_of[1],)),
    }


def test_a_partition_of_which_nothing_is_known_is_left_alone() -> None:
    assert compared(3, MemoryRows(), STATES, POLICY).unknown
