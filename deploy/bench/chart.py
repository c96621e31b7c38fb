"""A report as a picture: rates beside the baselines, and what an event costs as things grow.

Owns what the picture shows, as a Vega-Lite specification, which is plain data; `chart_file` draws
it. Figures are the report's own, rounded for the eye only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.bench.chart_style import Colours, Spec, style
from deploy.bench.report import Report, Scaled

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_WIDTH: Final = 660
_RATE_HEIGHT: Final = 44
_COST_HEIGHT: Final = 150
_COST_SPACING: Final = 24
_HEADROOM: Final = 1.15
"""Room for the number behind the longest bar, and for the words above the line of a goal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Growth:
    """A group of drains that differ in one thing.

    Attributes:
        of: what grows.
        size: how much of it a drain has.
        goal: the cost that is aimed at, at most, as a multiple of the first drain's.
    """

    of: str
    size: Callable[[Scaled], int]
    goal: float


_GROWTHS: Final = (
    _Growth(of="devices", size=lambda drain: drain.devices, goal=1.25),
    _Growth(of="partitions", size=lambda drain: drain.partitions, goal=1.25),
    _Growth(of="workers", size=lambda drain: drain.workers, goal=1.2),
)


def chart(report: Report, colours: Colours) -> Spec:
    """The specification; without the parts for which the report has no figures."""
    panels = [_rates(report, colours)]
    if costs := _costs(report, colours):
        panels.append(costs)
    return {
        "$schema": _SCHEMA,
        "padding": 20,
        "background": colours.paper,
        "vconcat": panels,
        "spacing": 32,
        "title": {
            "text": _foot(report),
            "orient": "bottom",
            "anchor": "start",
            "offset": 24,
            "color": colours.faint,
            "fontSize": 11,
            "fontWeight": "normal",
        },
        "config": style(colours),
    }


def _foot(report: Report) -> list[str]:
    """What was measured, and on what."""
    options, machine = report.options, report.machine
    kafka = "a given Kafka" if machine.kafka is None else f"Apache Kafka {machine.kafka}"
    drains = f"Drains of {options.events:,} events, exactly once; each one's verdict was checked."
    ground = (
        f"{machine.processor}, {machine.cores} cores for workers and broker together; "
        f"{kafka}, Python {machine.python}."
    )
    return [drains, ground]


def _rates(report: Report, colours: Colours) -> Spec:
    """One bar for each: how many events a second."""
    own = {
        "name": "biolatch, full rules, exactly once",
        "rate": report.drained.events_per_s,
        "own": True,
    }
    others = [
        {"name": baseline.name, "rate": baseline.events_per_s, "own": False}
        for baseline in report.baselines
    ]
    rows = [own, *others]
    top = max(report.drained.events_per_s, *(each.events_per_s for each in report.baselines), 0)
    rate: Spec = {
        "field": "rate",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, top * _HEADROOM]},
    }
    name: Spec = {"field": "name", "type": "nominal", "sort": None, "axis": None}
    return {
        "title": _title("Events per second, one worker", "the same input in the same run"),
        "width": _WIDTH,
        "height": _RATE_HEIGHT * len(rows),
        "data": {"values": rows},
        "encoding": {"y": name},
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 3, "height": 16, "yOffset": 8},
                "encoding": {"x": rate, "color": _own_or_other(colours)},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "dy": 8, "color": colours.ink},
                "encoding": {
                    "x": rate,
                    "text": {"field": "rate", "type": "quantitative", "format": ",.0f"},
                },
            },
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "x": 0,
                    "dy": -10,
                    "fontWeight": "normal",
                    "color": colours.faint,
                },
                "encoding": {"text": {"field": "name"}},
            },
        ],
    }


def _costs(report: Report, colours: Colours) -> Spec | None:
    """Three groups of bars side by side, on one scale; None without such figures."""
    costs_us = [each.cpu_us_per_event for each in report.scaling]
    first_us = costs_us[0] if costs_us else None
    if first_us is None:
        return None
    top_us = max([cost for cost in costs_us if cost is not None], default=0.0)
    top_us = max(top_us, *(growth.goal * first_us for growth in _GROWTHS)) * _HEADROOM
    groups = [_drains_of(growth, report.scaling) for growth in _GROWTHS]
    # Bars are as wide in every group.
    bars = sum(len(group) for group in groups)
    bar_width = (_WIDTH - _COST_SPACING * (len(groups) - 1)) / bars
    return {
        "title": _title(
            "CPU per event, \u00b5s",
            "one worker, 4 partitions, "
            f"{report.scaling[0].devices:,} devices, where nothing else is said",
        ),
        "spacing": _COST_SPACING,
        "hconcat": [
            _cost(growth, group, first_us, top_us, round(bar_width * len(group)), colours)
            for growth, group in zip(_GROWTHS, groups, strict=True)
        ],
    }


def _drains_of(growth: _Growth, scaling: Sequence[Scaled]) -> list[Scaled]:
    """The first drain and those that differ from it in this, by size."""
    first = scaling[0]
    others = [each for each in scaling[1:] if growth.size(each) != growth.size(first)]
    return sorted([first, *others], key=growth.size)


def _cost(
    growth: _Growth,
    drains: Sequence[Scaled],
    first_us: float,
    top_us: float,
    width: int,
    colours: Colours,
) -> Spec:
    bars = [
        {"size": f"{growth.size(drain):,}", "cost": drain.cpu_us_per_event}
        for drain in drains
        if drain.cpu_us_per_event is not None
    ]
    goal_us = growth.goal * first_us
    cost: Spec = {
        "field": "cost",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, top_us]},
    }
    size: Spec = {
        "field": "size",
        "type": "nominal",
        "sort": None,
        "axis": {"title": growth.of, "labelAngle": 0},
    }
    goal: Spec = {"y": {"datum": goal_us, "type": "quantitative"}}
    return {
        "width": width,
        "height": _COST_HEIGHT,
        "data": {"values": bars},
        "layer": [
            {
                "mark": {
                    "type": "bar",
                    "cornerRadiusEnd": 3,
                    "width": {"band": 0.62},
                    "color": colours.own,
                },
                "encoding": {"x": size, "y": cost},
            },
            {
                "mark": {"type": "text", "baseline": "top", "dy": 7, "color": colours.paper},
                "encoding": {
                    "x": size,
                    "y": cost,
                    "text": {"field": "cost", "type": "quantitative", "format": ".1f"},
                },
            },
            {
                "data": {"values": [{}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": colours.goal},
                "encoding": goal,
            },
            {
                "data": {"values": [{}]},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "bottom",
                    "x": 0,
                    "dy": -4,
                    "fontSize": 10,
                    "fontWeight": "normal",
                    "color": colours.goal,
                },
                "encoding": {**goal, "text": {"value": f"goal: at most {growth.goal:g} \u00d7"}},
            },
        ],
    }


def _own_or_other(colours: Colours) -> Spec:
    return {"condition": {"test": "datum.own", "value": colours.own}, "value": colours.other}


def _title(text: str, subtitle: str) -> Spec:
    return {"text": text, "subtitle": subtitle, "anchor": "start", "frame": "group", "offset": 14}
