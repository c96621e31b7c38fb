# Goal: nobody who was erased can be told from the rows, and nobody comes back because of that.
import pytest

from agents.core.policy import Policy
from agents.device_rows import decode_row
from agents.devices import DevicesAgent
from agents.erasure_keys import ErasureKeys
from agents.lane.port import BatchResult, Partition
from agents.lane.position import POSITION_KEY
from agents.lane.store import MARK_KEY
from agents.row_places import ERASED_PREFIX, KEY_ID_KEY, is_keyed
from events.errors import Misconfigured
from schemas import topics
from tests.unit.sound_records import (
    COMPLETE,
    DEVICE_ID,
    ERASED,
    SUBMITTED,
    TIME_MS,
    Record,
    binary,
    compact,
)

OLD, NEW = bytes(32), bytes(range(32))
CLEAR_KEY = DEVICE_ID.encode()
PARTITION = Partition("input", 0)
LATER = b"2026-02-01T00:10:00.000Z"


class Rows:
    """A partition's rows, and the offset of its next event."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, bytes] = {}
        self.next_offset = 0

    def take(self, agent: DevicesAgent, record: Record, **changes: object) -> BatchResult:
        """Let an agent decide a record with an id of its own."""
        self.next_offset += 1
        numbered = record.with_header("ce_id", b"event-%d" % self.next_offset)
        timestamp = changes.get("timestamp", record.timestamp)
        result = agent(
            PARTITION,
            self.by_key,
            [
                Record(
                    *(numbered.key, numbered.value, numbered.headers), timestamp, self.next_offset
                )
            ],  # type: ignore[arg-type]
        )
        for key, row in result.rows.items():
            if row is None:
                del self.by_key[key]
            else:
                self.by_key[key] = row
        return result

    @property
    def devices(self) -> list[bytes]:
        return [key for key in self.by_key if key != KEY_ID_KEY]


def worker(*keys: bytes) -> DevicesAgent:
    return DevicesAgent(Policy(), erasure_keys=ErasureKeys(keys) if keys else None)


def erasing(user_id: str | None = None) -> Record:
    return binary(ERASED, compact({} if user_id is None else {"user_id": user_id}))


ENROLLING = binary(SUBMITTED, compact(COMPLETE[SUBMITTED]))
ENROLLING_ANEW = binary(
    SUBMITTED,
    compact({**COMPLETE[SUBMITTED], "password_verified_at": LATER.decode(), "key_id": "key-2"}),
).with_header("ce_time", LATER)
LATER_MS = TIME_MS + 600_001


def reason_of(result: BatchResult) -> bytes:
    [(_, value, _)] = result.outgoing[topics.VERDICTS]
    assert value is not None
    return value


def test_an_erased_device_leaves_its_key_and_stays_erased() -> None:
    rows, agent = Rows(), worker(NEW)
    rows.take(agent, ENROLLING)
    assert rows.devices == [CLEAR_KEY]
    result = rows.take(agent, erasing())
    assert result.rows[CLEAR_KEY] is None
    [marked] = rows.devices
    assert marked.startswith(ERASED_PREFIX)
    everything = b"".join(key + row for key, row in rows.by_key.items())
    assert CLEAR_KEY not in everything
    assert b"user-1" not in everything
    # Replayed under new ids, and refused without a trace.
    before = dict(rows.by_key)
    assert b'"reason":"erased"' in reason_of(rows.take(agent, ENROLLING))
    assert rows.by_key == before


def test_a_device_that_comes_back_has_one_row_with_its_mark_inside() -> None:
    rows, agent = Rows(), worker(NEW)
    rows.take(agent, ENROLLING)
    rows.take(agent, erasing())
    result = rows.take(agent, ENROLLING_ANEW, timestamp=LATER_MS)
    assert b"refused" not in reason_of(result)
    assert rows.devices == [CLEAR_KEY]
    assert decode_row(rows.by_key[CLEAR_KEY]).erased_ms == TIME_MS
    assert b'"reason":"erased"' in reason_of(rows.take(agent, ENROLLING))


def test_an_unknown_device_that_is_erased_never_has_a_row_in_clear() -> None:
    rows = Rows()
    result = rows.take(worker(NEW), erasing())
    assert CLEAR_KEY not in result.rows
    assert len(rows.devices) == 1


def test_an_erased_user_leaves_a_living_device() -> None:
    rows, agent = Rows(), worker(NEW)
    rows.take(agent, ENROLLING)
    rows.take(agent, erasing("user-1"))
    assert rows.devices == [CLEAR_KEY]
    assert b"user-1" not in rows.by_key[CLEAR_KEY]
    assert b'"reason":"erased"' in reason_of(rows.take(agent, ENROLLING))


def test_marks_of_one_user_on_two_devices_do_not_tell_that() -> None:
    keys = ErasureKeys([NEW])
    assert keys.user_marks("a", "user-1")[0] != keys.user_marks("b", "user-1")[0]
    # Nor can one id be taken for two, or a user for a device.
    assert keys.user_marks("a", "b")[0] != keys.user_marks("a\0b", "")[0]
    assert keys.user_marks("", "a")[0][1:].encode() != keys.device_marks("a")[0]


def test_what_is_in_clear_from_before_the_key_moves_with_any_event() -> None:
    rows = Rows()
    rows.take(worker(), erasing("user-1"))
    rows.take(worker(NEW), ENROLLING)  # refused
    assert all(map(is_keyed, decode_row(rows.by_key[CLEAR_KEY]).erased_users))

    rows = Rows()
    rows.take(worker(), erasing())
    assert rows.devices == [CLEAR_KEY]
    assert b'"reason":"erased"' in reason_of(rows.take(worker(NEW), ENROLLING))
    [marked] = rows.devices
    assert marked.startswith(ERASED_PREFIX)
    assert decode_row(rows.by_key[marked]).watermark == rows.next_offset


def test_marks_under_an_older_key_stand_and_move() -> None:
    rows = Rows()
    rows.take(worker(OLD), erasing())
    [old] = rows.devices
    assert b'"reason":"erased"' in reason_of(rows.take(worker(NEW, OLD), ENROLLING))
    [new] = rows.devices
    assert new != old
    assert rows.by_key[KEY_ID_KEY] == ErasureKeys([NEW]).key_ids[0]

    rows = Rows()
    rows.take(worker(OLD), erasing("user-1"))
    old_mark = decode_row(rows.by_key[CLEAR_KEY]).erased_users[0]
    assert b'"reason":"erased"' in reason_of(rows.take(worker(NEW, OLD), ENROLLING))
    [mark] = decode_row(rows.by_key[CLEAR_KEY]).erased_users
    assert mark.user_id != old_mark.user_id
    assert mark.at_ms == old_mark.at_ms
    # Erased again: still one mark.
    rows.take(worker(OLD, NEW), erasing("user-1"))
    assert len(decode_row(rows.by_key[CLEAR_KEY]).erased_users) == 1


@pytest.mark.parametrize(
    ("keys", "code"), [((), "erasure.key-missing"), ((NEW,), "erasure.key-unknown")]
)
def test_a_worker_without_the_key_decides_nothing(keys: tuple[bytes, ...], code: str) -> None:
    rows = Rows()
    rows.take(worker(OLD), erasing())
    with pytest.raises(Misconfigured) as refused:
        rows.take(worker(*keys), ENROLLING)
    assert refused.value.code == code


def test_a_partition_follows_the_current_key_from_its_next_event_on() -> None:
    rows = Rows()
    rows.take(worker(OLD), erasing("user-9"))
    rows.take(worker(NEW, OLD), ENROLLING)
    with pytest.raises(Misconfigured):
        rows.take(worker(OLD), ENROLLING)


def test_nothing_is_written_for_a_key_before_there_is_a_mark() -> None:
    rows = Rows()
    rows.take(worker(NEW), ENROLLING)
    assert list(rows.by_key) == [CLEAR_KEY]


def test_a_mark_is_neither_the_lane_s_nor_a_device_s() -> None:
    reserved = {POSITION_KEY, MARK_KEY, KEY_ID_KEY}
    assert len(reserved) == 3
    assert not any(key.startswith(ERASED_PREFIX) for key in reserved)
    assert not ERASED_PREFIX.decode().isprintable()  # as every id is


def test_erasing_and_coming_back_in_one_batch_leave_one_row() -> None:
    rows, agent = Rows(), worker(NEW)
    rows.take(agent, ENROLLING)
    batch = [
        Record(CLEAR_KEY, each.value, each.with_header("ce_id", name).headers, at, offset)
        for each, name, at, offset in (
            (erasing(), b"x", TIME_MS, 11),
            (ENROLLING_ANEW, b"y", LATER_MS, 12),
        )
    ]
    result = agent(PARTITION, rows.by_key, batch)
    assert [key for key in result.rows if key != KEY_ID_KEY] == [CLEAR_KEY]
