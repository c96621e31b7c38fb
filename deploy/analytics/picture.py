"""An answer as a picture: bars beside their names, on a light ground or on a dark one.

Owns what the picture shows, as a Vega-Lite specification, which is plain data.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from deploy.analytics.asking import Answer, Value
from deploy.analytics.questions import Question, Series
from deploy.analytics.wording import short_mask
from deploy.bench.chart_style import Colours, Spec, style

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_WIDTH: Final = 560
_BAR_HEIGHT: Final = 18
_GROUP_SPACE: Final = 30
_GROUPS_MAX: Final = 12
_HEADROOM: Final = 1.15
"""Room for the number behind the longest bar."""


class _Bar(NamedTuple):
    """One bar: the group that it belongs to, which of its series it is, and how long it is."""

    group: str
    series: str
    value: float


def picture(question: Question, answer: Answer, colours: Colours) -> Spec:
    """The specification of an answer; an answer without rows is a picture that says so."""
    bars, groups = _bars(question, answer)
    shown = list(dict.fromkeys(bar.group for bar in bars))
    series = list(dict.fromkeys(bar.series for bar in bars))
    spec: Spec = {
        "$schema": _SCHEMA,
        "padding": 24,
        "background": colours.paper,
        "title": {
            "text": question.asks,
            "subtitle": _subtitle(question, answer, len(shown), groups),
            "anchor": "start",
            "frame": "group",
            "offset": 20,
        },
        "config": style(colours),
    }
    if not bars:
        nothing: list[Spec] = []
        return spec | {"width": _WIDTH, "height": 1, "mark": "point", "data": {"values": nothing}}
    return spec | _body(bars, shown, series, colours)


def _subtitle(question: Question, answer: Answer, shown: int, groups: int) -> str:
    kept = f"{answer.events:,} events are kept"
    if not groups:
        return f"{question.nothing} {kept[0].upper()}{kept[1:]}."
    cut = f"the first {shown} of {groups}; " if shown < groups else ""
    return f"{question.chart.unit}; {cut}{kept}"


def _body(
    bars: Sequence[_Bar], groups: Sequence[str], series: Sequence[str], colours: Colours
) -> Spec:
    top = max(*(bar.value for bar in bars), 1e-9) * _HEADROOM
    several = len(series) > 1
    value: Spec = {
        "field": "value",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, top]},
    }
    legend: Spec | None = (
        {
            "title": None,
            "orient": "bottom",
            "direction": "horizontal",
            "offset": 16,
            "labelColor": colours.faint,
            "labelFontSize": 12,
            "symbolType": "square",
        }
        if several
        else None
    )
    group_axis: Spec = {"title": None, "labelLimit": 260, "labelColor": colours.ink}
    offset: Spec = {"field": "series", "sort": [*series]}
    encoding: Spec = {
        "y": {
            "field": "group",
            "type": "nominal",
            "sort": [*groups],
            "axis": group_axis,
            "scale": {"paddingInner": 0.35, "paddingOuter": 0.1},
        },
        "x": value,
    }
    if several:
        encoding["yOffset"] = offset
    height = len(groups) * (len(series) * _BAR_HEIGHT + _GROUP_SPACE - _BAR_HEIGHT)
    return {
        "width": _WIDTH,
        "height": height,
        "data": {"values": [bar._asdict() for bar in bars]},
        "encoding": encoding,
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 3},
                "encoding": {
                    "color": {
                        "field": "series",
                        "type": "nominal",
                        "sort": [*series],
                        "scale": {
                            "domain": [*series],
                            "range": [colours.own, colours.other][: len(series)],
                        },
                        "legend": legend,
                    }
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "color": colours.ink},
                "encoding": {"text": {"field": "value", "type": "quantitative", "format": ",.4~g"}},
            },
        ],
    }


def _bars(question: Question, answer: Answer) -> tuple[Sequence[_Bar], int]:
    """The bars that are drawn, and of how many groups in all."""
    chart = question.chart
    places = {name: number for number, name in enumerate(answer.columns)}
    groups = [
        " ".join(short_mask(row[places[label]]) for label in chart.labels) for row in answer.rows
    ]
    if not chart.series:
        counted = Counter(groups).most_common()
        return [_Bar(group, chart.unit, count) for group, count in counted[:_GROUPS_MAX]], len(
            counted
        )
    bars: list[_Bar] = []
    for group, row in list(zip(groups, answer.rows, strict=True))[:_GROUPS_MAX]:
        bars += [_bar(group, each, row[places[each.column]]) for each in chart.series]
    return bars, len(groups)


def _bar(group: str, series: Series, value: Value) -> _Bar:
    return _Bar(group, series.name, float(value) if isinstance(value, int | float) else 0.0)
