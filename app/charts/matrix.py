"""A matrix of shares: every cell shows its number and interval; cells whose interval excludes 0 are tinted."""

import textwrap
from collections.abc import Container, Mapping, Sequence

from app.charts import theme
from app.charts.plot import Plot
from app.wording.shared import common, inside, neutral
from fairprog_core.metrics.intervals import Estimate

_BELOW, _ABOVE = "213, 94, 0", "0, 114, 178"  # orange and blue
_STRONGEST = 0.45  # opacity of the tint of a share of 1: pale enough for text
_WIDTH = 10  # characters of a name on one line


def matrix(
    cells: Mapping[tuple[str, str], Estimate],
    *,
    marked: Mapping[tuple[str, str], str] | None = None,
    own: Container[tuple[str, str]],
    own_text: str,
    rows: Sequence[str],
    columns: Sequence[str],
    x_title: str,
    y_title: str,
    label: str,
) -> Plot:
    """Draw shares by row and column: blue above 0, orange below, no tint where the interval contains 0.

    Args:
        cells: by (row, column); the value is None where it is not estimable.
        marked: what is written below the numbers of cells that have no tint: "collapsed", say.
        own: cells without a share, by (row, column).
        own_text: the text of these cells.
        rows: names from top to bottom.
        columns: names from left to right.
        x_title: title of the columns.
        y_title: title of the rows.
        label: the chart in words.
    """
    fig, notes = theme.figure(x_title=x_title, y_title=y_title), marked or {}
    places = [[(row, column) for column in columns] for row in rows]
    for i, line in enumerate(places):
        for j, place in enumerate(line):
            text = _text(cells[place]) if place in cells else own_text.replace(" ", "<br>") if place in own else ""
            text += f"<br>{notes[place]}" if place in notes else ""
            fig.add_annotation(x=j, y=i, text=text, showarrow=False)
            edges = {"x0": j - 0.5, "x1": j + 0.5, "y0": i - 0.5, "y1": i + 0.5}
            tint = theme.CLEAR if place in notes else _tint(cells.get(place))
            fig.add_shape(type="rect", **edges, line={"color": theme.GRID, "width": 1}, fillcolor=tint)
    fig.update_xaxes(
        tickvals=list(range(len(columns))), ticktext=[_folded(name) for name in columns], tickangle=0, side="top",
        showgrid=False, showline=False, ticks="", range=[-0.5, len(columns) - 0.5],
    )  # fmt: skip
    fig.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[_folded(name) for name in rows], showgrid=False, showline=False,
        ticks="", range=[len(rows) - 0.5, -0.5],
    )  # fmt: skip
    fig.update_layout(margin_t=8)
    return Plot(fig, label, height=150 + 84 * len(rows))


def _tint(found: Estimate | None) -> str:
    if found is None or found.value is None or found.ci is None or found.ci[0] <= 0 <= found.ci[1]:
        return theme.CLEAR
    return f"rgba({_ABOVE if found.value > 0 else _BELOW}, {_STRONGEST * min(abs(found.value), 1.0):.3f})"


def _text(found: Estimate) -> str:
    if found.value is None:
        return common.NOT_ESTIMABLE.replace(" ", "<br>")
    value, interval = inside.percent(found)
    return f"<b>{value}</b><br>{interval}"


def _folded(name: str) -> str:
    """A name wrapped into short lines, with a line break after every comma."""
    lines: list[str] = []
    for part in neutral.in_chart(name).split(", "):
        lines += textwrap.wrap(part, _WIDTH, break_long_words=False)
        lines[-1:] = [f"{lines[-1]},"] if lines else []
    return "<br>".join(lines).removesuffix(",")
