# Goal: what fuzzing has found once stays mended, and the targets stay true, in every run of the
# tests; the fuzzing itself is `make fuzz`.
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import corpus
from tests.fuzz.record_form import from_form, to_form
from tests.fuzz.seeds import short, sound
from tests.fuzz.targets import TARGETS
from tests.unit.generated import STABLE
from tests.unit.malformed.table import MALFORMED

ALL = pytest.mark.parametrize("target", TARGETS)
KEPT_BYTES_MAX = 64 * 1024


@ALL
def test_the_kept_corpus_and_the_seeds_are_no_findings(target: str) -> None:
    kept = corpus.kept(target)
    assert kept, "run `make fuzz FUZZ=--keep`"
    for data in (*kept, *TARGETS[target].seeds()):
        TARGETS[target].run(data)


@ALL
def test_the_kept_corpus_is_small(target: str) -> None:
    file = corpus.FOLDER / f"{target}.txt"
    assert file.stat().st_size <= KEPT_BYTES_MAX
    assert {file.stem for file in corpus.FOLDER.iterdir()} == set(TARGETS)


@ALL
def test_what_is_like_the_corpus_is_no_finding_either(target: str) -> None:
    known = short([*TARGETS[target].seeds(), *corpus.kept(target)])
    others = [b"\x00", b"\xff", b'"', b"\\", b"[" * 20, b"\x1f", b"\x1d", b"9" * 30, b"\xf0\x9f"]

    @STABLE
    @given(st.sampled_from(known), st.lists(st.tuples(st.integers(0), st.binary(max_size=8))))
    def check(data: bytes, changes: list[tuple[int, bytes]]) -> None:
        for number, new in changes:
            place = number % (len(data) + 1)
            inserted = new or others[number % len(others)]
            data = data[:place] + inserted + data[place + number % 3 :]
        TARGETS[target].run(data[: TARGETS[target].bytes_max])

    check()


def test_records_survive_being_made_fuzzable() -> None:
    records = [*sound(), *(record for record, _ in MALFORMED.values())]
    for record in records:
        (again,) = from_form(to_form([record]))
        assert (again.key, again.value, again.headers) == (
            record.key,
            record.value,
            record.headers,
        )
        assert again.timestamp == record.timestamp


def test_any_bytes_are_records() -> None:
    chance = random.Random(1)
    for size in (0, 1, 7, 300, 5_000):
        records = from_form(chance.randbytes(size))
        assert [record.offset for record in records] == list(range(len(records)))
        assert records


def test_a_target_that_finds_something_says_so(tmp_path: Path) -> None:
    # A fuzzer whose targets swallow everything would be green for ever.
    from tests.fuzz.repeat import main  # noqa: PLC0415 - beside what it is about

    file = tmp_path / "finding"
    file.write_bytes(b"anything")
    TARGETS["broken"] = TARGETS["inputs"]._replace(run=lambda data: 1 / len(data[8:]))
    try:
        with pytest.raises(ZeroDivisionError):
            main("broken", str(file))
    finally:
        del TARGETS["broken"]
