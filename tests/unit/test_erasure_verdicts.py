# Goal: `erased` is said only where nothing is left but a mark that tells nobody whose it is.
import pytest

from agents.core.state import DeviceState, ErasureMark, User
from agents.device_rows import encode_row
from agents.erasure_keys import ErasureKeys
from agents.lane.port import Partition
from agents.row_places import ERASED_PREFIX
from deploy.erasure.leaving import Terms
from deploy.erasure.marks import Mark, MarkKind, RowKeys, Standing
from deploy.erasure.report import Report, Subject, Verdict
from deploy.erasure.topic_traces import Traces
from deploy.records.topic_record import TopicRecord
from events.vocabulary import Status
from schemas.topics import DEVICE_EVENTS, Cleanup

OLD, NEW = bytes(32), bytes(range(32))
KEYS = ErasureKeys([NEW, OLD])
PHONE, ANA = "phone-1", "ana"
BARE = DeviceState(erased_ms=7, watermark=3)
ALIVE = DeviceState(bio_epoch=1, users=(User(user_id=ANA, status=Status.ENABLED),))
TERMS = Terms(Cleanup.DELETE, 100, 10, 0, 0)


def row(key: bytes, state: DeviceState | None) -> TopicRecord:
    value = None if state is None else encode_row(state)
    return TopicRecord(Partition("rows", 0), 1, 1, key, value, ())


def marked(secret: bytes) -> bytes:
    return ERASED_PREFIX + ErasureKeys([secret]).device_marks(PHONE)[0]


def with_user_mark(name: str) -> DeviceState:
    return DeviceState(bio_epoch=1, erased_users=(ErasureMark(user_id=name, at_ms=5),))


@pytest.mark.parametrize(
    ("rows", "user", "standing"),
    [
        ([], None, Standing(None, is_alive=False)),
        ([row(b"phone-1", None)], None, Standing(None, is_alive=False)),
        ([row(b"phone-1", ALIVE)], None, Standing(None, is_alive=True)),
        ([row(b"phone-1", BARE)], None, Standing(Mark(MarkKind.CLEAR, 7), is_alive=False)),
        ([row(marked(NEW), BARE)], None, Standing(Mark(MarkKind.KEYED, 7), is_alive=False)),
        ([row(marked(OLD), BARE)], None, Standing(Mark(MarkKind.OLDER_KEY, 7), is_alive=False)),
        ([row(marked(NEW), BARE)], ANA, Standing(Mark(MarkKind.KEYED, 7), is_alive=False)),
        ([row(b"phone-1", ALIVE)], ANA, Standing(None, is_alive=True)),
        (
            [row(b"phone-1", with_user_mark(ANA))],
            ANA,
            Standing(Mark(MarkKind.CLEAR, 5), is_alive=False),
        ),
        (
            [row(b"phone-1", with_user_mark(KEYS.user_marks(PHONE, ANA)[0]))],
            ANA,
            Standing(Mark(MarkKind.KEYED, 5), is_alive=False),
        ),
        (
            [row(b"phone-1", with_user_mark(KEYS.user_marks(PHONE, ANA)[1]))],
            ANA,
            Standing(Mark(MarkKind.OLDER_KEY, 5), is_alive=False),
        ),
        ([row(b"phone-1", with_user_mark("jon"))], ANA, Standing(None, is_alive=False)),
    ],
)
def test_what_the_rows_say(rows: list[TopicRecord], user: str | None, standing: Standing) -> None:
    of_device = RowKeys(PHONE, KEYS)
    assert all(each.key in of_device for each in rows)
    assert of_device.standing(rows, user) == standing


def test_without_keys_no_keyed_mark_is_found() -> None:
    assert marked(NEW) not in RowKeys(PHONE, None)


def report(standing: Standing, *, leaving: int = 0, staying: int = 0) -> Report:
    traces = Traces(DEVICE_EVENTS, TERMS)
    record = TopicRecord(Partition("events", 0), 1, 1000, b"phone-1", b"", ())
    for _ in range(leaving):
        traces.take(record, 1110, stays=False)
    for _ in range(staying):
        traces.take(record, None, stays=True)
    return Report(
        subject=Subject(device_id=PHONE, user_id=None),
        topics=[traces],
        store=None,
        standing=standing,
    )


GONE = Standing(Mark(MarkKind.KEYED, 7), is_alive=False)


@pytest.mark.parametrize(
    ("found", "verdict", "gone_ms"),
    [
        (report(GONE), Verdict.ERASED, None),
        (report(GONE, leaving=2), Verdict.LEAVING, 1110),
        (report(GONE, leaving=1, staying=1), Verdict.NOT_ERASED, None),
        (report(Standing(GONE.mark, is_alive=True)), Verdict.NOT_ERASED, None),
        (
            report(Standing(Mark(MarkKind.CLEAR, 7), is_alive=False), staying=1),
            Verdict.MARK_IN_CLEAR,
            None,
        ),
        (report(Standing(None, is_alive=False)), Verdict.NO_MARK, None),
        (report(Standing(None, is_alive=False), leaving=1), Verdict.NOT_ERASED, 1110),
    ],
)
def test_the_verdict(found: Report, verdict: Verdict, gone_ms: int | None) -> None:
    assert found.verdict is verdict
    assert found.gone_ms == gone_ms
