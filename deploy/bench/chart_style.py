"""What a chart looks like: on a light ground and on a dark one, the same but for its colours."""

from dataclasses import dataclass
from typing import Final

Spec = dict[str, object]
"""A part of a Vega-Lite specification: JSON."""

_FONT: Final = "Inter, Segoe UI, Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Of one of the two forms of the picture.

    Attributes:
        ink: titles and numbers.
        faint: names, units and the line at the foot.
        own, other: bars of biolatch, and of what it is compared with.
        goal: the line that no bar should pass.
        paper: what the picture lies on.
    """

    ink: str
    faint: str
    own: str
    other: str
    goal: str
    paper: str


LIGHT: Final = Colours(
    ink="#1f2328", faint="#59636e", own="#0f7b6c", other="#c3cad1", goal="#bc4c00", paper="#ffffff"
)
DARK: Final = Colours(
    ink="#e6edf3", faint="#9198a1", own="#2fbfa8", other="#4a525c", goal="#f0883e", paper="#0d1117"
)


def style(colours: Colours) -> Spec:
    """What all parts of the picture look like."""
    return {
        "font": _FONT,
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "ticks": False,
            "grid": False,
            "labelColor": colours.faint,
            "labelFontSize": 12,
            "labelPadding": 8,
            "titleColor": colours.faint,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
        },
        "text": {"fontSize": 12, "fontWeight": 600},
        "title": {
            "color": colours.ink,
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleColor": colours.faint,
            "subtitleFontSize": 12,
            "subtitlePadding": 5,
        },
    }
