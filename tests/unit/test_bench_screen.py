# Goal: the report fits a terminal, and says when its figures cannot be compared.
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from deploy.bench.report import Report
from deploy.bench.screen import show_report
from tests.unit.bench_report import REPORT, scaled


def shown(report: Report) -> str:
    text = StringIO()
    show_report(Console(file=text, width=80), report)
    return text.getvalue()


def test_a_report_has_eighty_columns_and_every_drain() -> None:
    lines = shown(REPORT).splitlines()
    assert max(map(len, lines)) <= 80
    start = next(place for place, line in enumerate(lines) if line.startswith("devices"))
    assert [line.split() for line in lines[start + 1 : start + 3]] == [
        ["10", "4", "1", "100", "20.0", "1.00", "x", "0", "20.0"],
        ["100", "4", "1", "100", "21.5", "1.07", "x", "0", "20.0"],
    ]
    assert not [line for line in lines if "Beware" in line]


def test_signed_input_stands_beside_its_bare_verification() -> None:
    lines = shown(REPORT).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("signed input"))
    assert [line.split() for line in lines[start + 1 : start + 4]] == [
        ["publisher-es256", "13,500", "130.0", "0.33", "x"],
        ["ES256", "alone,", "1", "thread", "9,000", "105.0", "1.50", "x"],
        ["ES256", "alone,", "2", "threads", "18,000", "0.75", "x"],
    ]
    assert "signed input" not in shown(replace(REPORT, signed=()))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"pace_ms": 25.0}, "the machine changed its own speed"),
        ({"others": 0.2}, "other programs took part of the processors"),
    ],
)
def test_it_warns_of_figures_that_say_little(changed: dict[str, float], says: str) -> None:
    other = replace(scaled(devices=100, cost=21.5), **changed)
    assert says in shown(replace(REPORT, scaling=(scaled(cost=20.0), other)))


def test_it_warns_of_a_signed_drain_that_had_company() -> None:
    disturbed = replace(REPORT.signed[0], others=0.3)
    words = shown(replace(REPORT, signed=(disturbed,))).split()
    assert words[words.index("30%);") - 1] == "publisher-es256"
