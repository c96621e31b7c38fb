"""Draws a chart into a file. The only file that imports the library that draws."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import vl_convert

from deploy.bench.chart_style import Spec
from events.errors import Misconfigured

_PIXELS_PER_UNIT: Final = 2.0
"""Of a bitmap: sharp on the screens of today."""


def _svg(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_svg(spec).encode()


def _png(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_png(spec, scale=_PIXELS_PER_UNIT)


_FORMS: Final[Mapping[str, Callable[[Spec], bytes]]] = {".svg": _svg, ".png": _png}


def draw(spec: Spec, file: Path) -> None:
    """Write the chart, in the form that the file's name asks for: `.svg` or `.png`.

    Raises:
        Misconfigured: it asks for another one, or the file cannot be written.
    """
    form = _FORMS.get(file.suffix.lower())
    if form is None:
        raise Misconfigured(
            "bench.chart-form", f"{file}: a chart is drawn as {' or '.join(_FORMS)}; name it so"
        )
    image = form(spec)
    try:
        file.write_bytes(image)
    except OSError as error:
        raise Misconfigured("bench.chart-unwritten", f"{file}: {error.strerror}") from error
