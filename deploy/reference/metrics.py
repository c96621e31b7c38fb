"""The page of metrics, from the catalogues of workers, other agents and monitor."""

from collections.abc import Iterable
from typing import Final

from agents.metrics.catalogue import Measure
from agents.metrics.of_agents import ANY_AGENT_MEASURES, LANE_AGENT_MEASURES
from agents.metrics.of_workers import WORKER_MEASURES
from deploy.monitor.measures import MONITOR_MEASURES

_HEAD: Final = """\
# Metrics

What workers and the monitor show at `/metrics`, in Prometheus's text format. Names and labels are
forever; units are base units. No label ever holds a device, a user or a key. Drawn from
`agents/metrics/of_workers.py`, `agents/metrics/of_agents.py` and `deploy/monitor/measures.py` by
`make docs`; how to use them: [observe](../how-to/observe.md).

Counters start from 0 with their process and count what is committed: a record that is read again
after a crash counts once. A gauge is absent, never 0, where its value is not known.

Every process also shows those of Python and of the operating system (`process_cpu_seconds_total`,
`process_resident_memory_bytes`, `process_open_fds`, `python_gc_...`).
"""


def metrics_page() -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            _HEAD,
            *_section("A worker of `devices`", WORKER_MEASURES),
            "",
            *_section(
                "Every other agent: `notifier`, `analytics`, `signals`, `parquet`",
                ANY_AGENT_MEASURES,
            ),
            "",
            *_section("`notifier` and `analytics` also", LANE_AGENT_MEASURES),
            "",
            *_section("The monitor", MONITOR_MEASURES),
            "",
        ]
    )


def _section(title: str, measures: Iterable[Measure]) -> list[str]:
    return [
        f"## {title}",
        "",
        "| metric | kind | labels | what it is |",
        "|---|---|---|---|",
        *(
            f"| `{each.name}` | {each.kind} | {_labels(each)} | {each.help.rstrip('.')} |"
            for each in measures
        ),
    ]


def _labels(measure: Measure) -> str:
    return ", ".join(f"`{label}`" for label in measure.labels)
