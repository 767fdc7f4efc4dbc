"""A chart together with its text alternative; and as the browser gets it, made once for all who see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import plotly.graph_objects as go

from app.models.frame import MarkerFrame
from app.wording.shared import neutral
from fairprog_core.common.files.json_values import from_json

MARKER = "marker"  # meta of the trace that the λ slider moves


@dataclass(frozen=True)
class Plot:
    """A chart and the table with the same figures.

    Attributes:
        figure: the chart.
        label: title of the chart, for screen readers and as the table's caption.
        columns: headings of the table.
        rows: of the table, as text.
        height: px.
    """

    figure: go.Figure
    label: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    height: int = 380


@dataclass(frozen=True)
class DrawnPlot:
    """A chart as JSON values: it can be shown to any number of visitors without Plotly, and is never changed.

    Attributes:
        figure: traces and layout.
        texts: label, columns, rows and height, harmless for the screen.
        height: px.
    """

    figure: dict[str, Any]
    texts: dict[str, Any]
    height: int

    @classmethod
    def of(cls, plot: Plot) -> "DrawnPlot":
        """Draw a chart."""
        rows = [list(row) for row in plot.rows]
        texts = {"label": plot.label, "columns": list(plot.columns), "rows": rows, "height": plot.height}
        return cls(cast(dict[str, Any], from_json(plot.figure.to_json())), neutral.in_component(texts), plot.height)

    def with_marker(self, frame: MarkerFrame) -> "DrawnPlot":
        """The same chart with its marker elsewhere; the traces are shared, not copied."""
        data = [trace | frame if trace.get("meta") == MARKER else trace for trace in self.figure["data"]]
        return replace(self, figure=self.figure | {"data": data})
