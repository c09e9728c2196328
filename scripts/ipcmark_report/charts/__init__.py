"""Draws what views.py describes; with history/chart.py the only modules that import matplotlib."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .canvas import PAPER, SETTINGS, Canvas  # first: it quiets matplotlib before any import of it

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG

from ..fleet.views import HostMap
from ..ladder.views import Diverging, Rails
from ..svg import finished
from ..views import AnyDrawing, Cloud, Drawing, Ecdf, HeatMap, HeatMaps, Kind, Stack, Strip
from .clouds import cloud
from .comparison import CHARTS
from .curves import curves
from .ecdfs import ecdf
from .heat_maps import heat_map, heat_maps
from .hosts import host_map
from .kernels import diverging, rails
from .rows import bars, dots
from .stacks import stack
from .strips import strip

DPI = 200
# Without the date and the library's name the same drawing gives the same bytes.
_NO_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
_OF_TYPE: dict[type, Callable[[Any], Canvas]] = {
    Cloud: cloud, Ecdf: ecdf, HeatMap: heat_map, HeatMaps: heat_maps, Stack: stack, Strip: strip,
    Rails: rails, Diverging: diverging, HostMap: host_map, **CHARTS,
}
_OF_KIND: dict[Kind, Callable[[Drawing], Canvas]] = {Kind.DOTS: dots, Kind.CURVES: curves, Kind.BARS: bars}


def draw(drawing: AnyDrawing, anchor: str, title: str, tip: Callable[[str], str] = str, description: str = "") -> str:
    """The drawing as an <svg> element; the same drawing gives the same text. `tip` makes of a case's name
    what its points show when they are pointed at."""
    with _settings():
        canvas, target = _drawn(drawing), io.BytesIO()
        FigureCanvasSVG(canvas.figure).print_svg(target, metadata=_NO_METADATA["svg"])
    tips = {key: [tip(case) if case else "" for case in cases] for key, cases in canvas.tips.items()}
    return finished(target.getvalue().decode("utf-8"), anchor, title, tips, description)


def file_of(drawing: AnyDrawing, form: str) -> bytes:
    """The drawing as a file of one of CHART_FORMATS that stands by itself, on white paper."""
    with _settings():
        figure, target = _drawn(drawing).figure, io.BytesIO()
        figure.patch.set(visible=True, facecolor=PAPER)
        if form == "svg":
            FigureCanvasSVG(figure).print_svg(target, metadata=_NO_METADATA[form])
        elif form == "png":
            figure.set_dpi(DPI)
            FigureCanvasAgg(figure).print_png(target, metadata=_NO_METADATA[form])
        else:
            FigureCanvasPdf(figure).print_pdf(target, metadata=_NO_METADATA[form])
    return target.getvalue()


@contextmanager
def _settings() -> Iterator[None]:
    with warnings.catch_warnings(), matplotlib.rc_context():
        # A glyph that the layout font lacks is still shown by the reader's own fonts.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def _drawn(drawing: AnyDrawing) -> Canvas:
    if isinstance(drawing, Drawing):
        return _OF_KIND[drawing.kind](drawing)
    return _OF_TYPE[type(drawing)](drawing)
