"""Looking at a chart as a figure, before it becomes a picture: shared by all tests of figures."""

from collections.abc import Callable
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def figure_of(chart: Callable[..., bytes], *arguments: Any) -> Figure:  # noqa: ANN401 (whatever the chart takes)
    """The figure itself, laid out; call it under `house_style`."""
    figure: Figure = chart.__wrapped__(*arguments)  # type: ignore[attr-defined]
    FigureCanvasAgg(figure).draw()
    return figure
