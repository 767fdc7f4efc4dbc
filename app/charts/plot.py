"""A chart together with its text alternative."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go


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
