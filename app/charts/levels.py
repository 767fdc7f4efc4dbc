"""A gap at a few levels, such as shares of the tuning data or numbers of classes; their axis is logarithmic."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from app.charts import theme
from app.charts.plot import Plot
from app.models import experiment
from app.wording.shared import common, inside, neutral
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.experiments import ExperimentRow

N_MOST = len(theme.SYMBOLS)  # lines in one chart: each has a symbol of its own
_SHIFT = 0.03  # of two lines at one level, as a share of the axis: their intervals must not overlap
_MARGIN = 0.08  # beyond the outermost level or interval, as a share of the axis


class Level(NamedTuple):
    """One point of a line.

    Attributes:
        at: the level, above 0.
        found: the gap; its value is never None.
        is_collapsed: whether the classifier is collapsed, so that its small gap is no success.
    """

    at: float
    found: Estimate
    is_collapsed: bool = False


def of(rows: Iterable[ExperimentRow], at: Callable[[ExperimentRow], float], *, is_base: bool = False) -> list[Level]:
    """Turn rows of an experiment into a line, ascending in the level; gaps that are not estimable are left out.

    Args:
        rows: of one line.
        at: the level of a row.
        is_base: whether the line shows the base classifier's gap.
    """
    found = [
        Level(at(row), gap, row["collapsed"] and not is_base)
        for row in rows
        if (gap := experiment.base_gap(row) if is_base else experiment.gap(row)).value is not None
    ]
    return sorted(found, key=lambda level: level.at)


def levels(
    lines: Mapping[str, Sequence[Level]],
    *,
    base: Sequence[Sequence[Level]],
    x_title: str,
    y_title: str,
    tick: Callable[[float], str],
    label: str,
) -> Plot:
    """Draw lines over the levels, with 95 % intervals.

    Args:
        lines: by name, at most ``N_MOST``; at least one is not empty.
        base: one line per base classifier; may be empty. A base without intervals becomes a horizontal line.
        x_title: the name of the levels.
        y_title: the name of the gap.
        tick: formats a level for the axis.
        label: the chart in words.
    """
    fig = theme.figure(x_title=x_title, y_title=y_title)
    every = [level for line in (*lines.values(), *base) for level in line]
    at = sorted({level.at for level in every})
    low, high = math.log10(at[0]), math.log10(at[-1])
    width = max(high - low, 0.3)
    edges = [low - _MARGIN * width, high + _MARGIN * width]
    for i, line in enumerate(filter(None, base)):
        _base(fig, line, edges, is_named=i == 0)
    shifts = [10 ** (_SHIFT * width * (i - (len(lines) - 1) / 2)) for i in range(len(lines))]
    for i, (name, line) in enumerate(lines.items()):
        _line(fig, i, name, line, shift=shifts[i])
    _crosses(fig, list(lines.values()), shifts)
    fig.update_xaxes(
        type="log", range=edges, tickvals=at, ticktext=[tick(each) for each in at], minor={"ticks": ""}, showgrid=False
    )
    top = max(level.found.ci[1] if level.found.ci else level.found.value or 0.0 for level in every)
    fig.update_yaxes(range=[0, (1 + _MARGIN) * top], tickformat=".2f")
    return Plot(fig, label, height=460)


def _line(fig: go.Figure, index: int, name: str, line: Sequence[Level], *, shift: float) -> None:
    look, shown = theme.look(index), neutral.in_chart(name)
    fig.add_scatter(
        x=[level.at * shift for level in line], y=[level.found.value for level in line], mode="lines+markers",
        name=shown, error_y=_arms(line, look["marker"]["color"]), hoverinfo="text",
        hovertext=[f"{shown}<br>{inside.interval(level.found)}" for level in line], **look,
    )  # fmt: skip


def _crosses(fig: go.Figure, lines: Sequence[Sequence[Level]], shifts: Sequence[float]) -> None:
    """Crosses over collapsed points; their name is in the legend, because a phone has no space for it at the points."""
    collapsed = [(level.at * shift, level.found.value) for line, shift in zip(lines, shifts, strict=True)
            for level in line if level.is_collapsed]  # fmt: skip
    if collapsed:
        cross = {"symbol": "x-thin", "size": 22, "line": {"width": 3, "color": theme.NEUTRAL}}
        fig.add_scatter(
            x=[x for x, _ in collapsed], y=[y for _, y in collapsed], mode="markers", marker=cross,
            name=common.COLLAPSED, hoverinfo="skip",
        )  # fmt: skip


def _base(fig: go.Figure, line: Sequence[Level], edges: Sequence[float], *, is_named: bool) -> None:
    """A base classifier: stars with intervals, or a line from edge to edge where it has no intervals."""
    style = {"color": theme.NEUTRAL, "dash": "dash", "width": 2}
    is_known = any(level.found.ci for level in line)
    x = [level.at for level in line] if is_known else [10**edge for edge in edges]
    y = [level.found.value for level in line] if is_known else [line[0].found.value] * len(x)
    more: dict[str, object] = {"mode": "lines", "hoverinfo": "skip"}
    if is_known:
        marker = {"symbol": "star", "size": 16, "color": theme.NEUTRAL}
        hover = [f"{common.BASE}<br>{inside.interval(level.found)}" for level in line]
        more = {"mode": "lines+markers", "marker": marker, "error_y": _arms(line, theme.NEUTRAL)}
        more |= {"hoverinfo": "text", "hovertext": hover}
    fig.add_scatter(x=x, y=y, line=style, name=common.BASE, legendgroup="base", showlegend=is_named, **more)


def _arms(line: Sequence[Level], colour: str) -> dict[str, object]:
    values = [level.found.value or 0.0 for level in line]
    ends = [level.found.ci or (value, value) for level, value in zip(line, values, strict=True)]
    return {
        "type": "data", "symmetric": False, "thickness": 2, "width": 5, "color": colour,
        "array": [end[1] - value for end, value in zip(ends, values, strict=True)],
        "arrayminus": [value - end[0] for end, value in zip(ends, values, strict=True)],
    }  # fmt: skip
