"""A chart with everything a reader needs who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go


@dataclass(frozen=True)
class Plot:
    """What to draw.

    Attributes:
        figure: the chart.
        label: what the chart is, for screen readers and as its caption.
        columns: headings of the text alternative.
        rows: the same figures as text, row by row.
        height: px.
    """

    figure: go.Figure
    label: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    height: int = 380
