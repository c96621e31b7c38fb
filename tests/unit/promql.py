"""What a PromQL expression names: each metric with the labels that are asked of it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_WORDS = {
    *("by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"),
    *("and", "or", "unless", "inf", "nan", "sum", "max", "min", "avg", "count"),
}
_SELECTOR = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\s*(?:\{([^}]*)\})?")
_LABELS_OF = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_MATCHER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:=~|!~|!=|=)\s*\"[^\"]*\"")


class Asked(NamedTuple):
    """A metric, and the labels by which it is chosen."""

    metric: str
    labels: frozenset[str]


def grouped_by(expression: str) -> set[str]:
    """The labels by which anything in the expression is put together."""
    return {
        label.strip()
        for labels in _LABELS_OF.findall(expression)
        for label in labels.split(",")
        if label.strip()
    }


def asked(expression: str) -> Iterator[Asked]:
    """Every metric that the expression names."""
    rest = _LABELS_OF.sub(" ", expression)
    rest = re.sub(r"\[[^\]]*\]", " ", rest)
    for found in _SELECTOR.finditer(rest):
        name, matchers = found[1], found[2] or ""
        before, behind = rest[: found.start()], rest[found.end() :].lstrip()
        inside = before.count("{") > before.count("}") or before.count('"') % 2
        is_number = bool(before) and (before[-1].isdigit() or before[-1] == ".")
        if inside or is_number or name in _WORDS or (behind.startswith("(") and not found[2]):
            continue
        yield Asked(name, frozenset(_MATCHER.findall(matchers)))
