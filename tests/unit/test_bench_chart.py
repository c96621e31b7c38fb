# Goal: the chart shows the report's own figures, in both colours, and only those that there are.
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from deploy.bench.chart import chart
from deploy.bench.chart_file import draw
from deploy.bench.chart_style import DARK, LIGHT, Colours, Spec
from deploy.bench.report import read_report
from deploy.commands.bench_chart import app
from events.errors import Misconfigured
from tests.unit.bench_report import REPORT


def words(spec: Spec, tmp_path: Path) -> list[str]:
    """Everything that can be read on the picture."""
    file = tmp_path / "chart.svg"
    draw(spec, file)
    root = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 (our own picture)
    return [node.text for node in root.iter("{http://www.w3.org/2000/svg}text") if node.text]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_figure_can_be_read(colours: Colours, tmp_path: Path) -> None:
    seen = words(chart(REPORT, colours), tmp_path)
    assert {"41,234", "4,123", "another, slower"} <= set(seen)
    costs = [word for word in seen if word.replace(".", "").isdigit() and "." in word]
    # By size in each of the three groups; the first drain is in all of them.
    assert costs == ["20.0", "21.5", "22.5", "19.5", "20.0", "23.5", "20.0", "24.5"]
    sizes = [word for word in seen if word in ("10", "100", "1,000", "1", "4", "12", "2")]
    assert sizes == ["10", "100", "1,000", "1", "4", "12", "1", "2"]


def test_what_was_not_measured_is_not_there(tmp_path: Path) -> None:
    seen = words(chart(replace(REPORT, scaling=(), baselines=()), LIGHT), tmp_path)
    assert "41,234" in seen
    assert not [word for word in seen if "CPU" in word or "goal" in word]


def test_a_report_is_read_as_it_was_told() -> None:
    text = json.dumps(REPORT.for_machines()).encode()
    assert read_report(text) == REPORT
    with pytest.raises(Misconfigured, match=r"no report of `biolatch bench --json`"):
        read_report(b'{"options": 7}')


def test_the_command_draws_and_refuses_other_forms(tmp_path: Path) -> None:
    report, picture = tmp_path / "bench.json", tmp_path / "chart.png"
    report.write_text(json.dumps(REPORT.for_machines()), encoding="utf-8")
    drawn = CliRunner().invoke(app, [str(report), str(picture), "--dark"])
    assert drawn.exit_code == 0, drawn.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(Misconfigured, match=r"drawn as \.svg or \.png"):
        draw({}, tmp_path / "chart.pdf")
