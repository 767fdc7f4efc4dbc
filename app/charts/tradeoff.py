"""Charts of the page Trade-off: accuracy over the gap; rows gained and lost by group and label."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import plotly.graph_objects as go

from app.charts import theme
from app.charts.plot import MARKER, Plot
from app.models.frame import MarkerFrame
from app.models.series import PlotPoint, Series, front, gather, plot_point
from app.wording import tradeoff as words
from app.wording.shared import common, inside, neutral
from fairprog_core.metrics.group_tables import ChangeRow
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.result import Result

FAINT = 0.45  # opacity
_HOLLOW = ("open", "open-dot")  # endings of Plotly's symbol names, for controls
_BAR_RANGE = 1.5  # end of the axis, in lengths of the longest bar: on a phone the numbers must not touch the names
_MARGIN = 0.05  # beyond the outermost interval, as a share of the axis
HEIGHT = 440  # px: with slider and axis in the first view of a laptop
_FAR = 0.25  # the majority line is left out where the space above it would exceed this share of the axis


def plane(
    series: Sequence[Series],
    *,
    metric: str,
    base: Sequence[PlotPoint],
    base_names: Sequence[str] = (common.BASE,),
    majority: float | None,
    is_majority_of_one: bool = False,
    picked: tuple[int, PlotPoint] | None = None,
    show_seeds: bool = True,
    names: Sequence[str] | None = None,
) -> Plot:
    """Draw accuracy over the gap: points with intervals, and the Pareto front as a step line.

    A click on a point reports (index of the series, seed, λ); a click on a mean reports the series' first seed.

    Args:
        series: series i has colour, symbol and dash i.
        metric: the gap, see ``common.metric``.
        base: the base classifiers of the shown runs.
        base_names: their names, for the hover text and the table.
        majority: accuracy of a classifier that always predicts the most frequent label.
        is_majority_of_one: whether the runs differ in it; then it is that of the chosen run.
        picked: index of a series, and the point with the marker.
        show_seeds: draw the single seeds faintly behind their mean.
        names: of the series; None: trigger or method, and criterion.
    """
    named = names or [words.series_name(each) for each in series]
    fig = theme.figure(x_title=words.gap_axis(metric), y_title=common.metric("accuracy"))
    shown = [spot for each in series for spot in (*each.mean, *each.controls.values()) if not spot.collapsed]
    widest = max((_ends(spot.gap)[1] for spot in [*base, *shown]), default=0.0)
    for index, each in enumerate(series):
        is_picked = picked is not None and picked[0] == index
        has_seeds = show_seeds and len(each.single) > 1
        _series(
            fig, index, each, named[index], show_seeds=has_seeds, is_picked=is_picked,
            are_controls_named=is_picked or picked is None, middle=widest / 2,
        )  # fmt: skip
    for name, spot in zip(base_names, base, strict=False):
        _spots(
            fig, [spot], {"symbol": "star", "size": 18, "color": theme.NEUTRAL}, name=neutral.in_chart(name),
            showlegend=False, mode="markers+text", text=[common.BASE], textposition="top center",
        )  # fmt: skip
    _marker(fig, picked)
    _fit_axes(fig, [*base, *shown], widest, majority, is_of_one=is_majority_of_one)
    rows = [[name, "", *_row(spot)] for name, spot in zip(base_names, base, strict=False)] + [
        row for each, name in zip(series, named, strict=True) for row in _rows(each, name)
    ]
    return Plot(fig, words.CHART_LABEL, words.point_columns(metric), rows, height=HEIGHT)


def of_curve(result: Result) -> go.Figure:
    """The chart of a result's first curve with the marker at the chosen λ; the entry point of the library's plots."""
    curve = result.curves[0]
    series, base = gather(result, curve.gap, run=""), plot_point(result.base, curve.gap)
    chosen = next((spot for spot in series[0].mean if spot.lam == curve.chosen_lam), None)
    plot = plane(
        series[:1], metric=curve.gap, base=[base] if base else [], majority=result.majority_accuracy,
        picked=(0, chosen) if chosen else None,
    )  # fmt: skip
    return plot.figure.update_layout(height=plot.height)


def marker_at(spot: PlotPoint | None) -> MarkerFrame:
    """The marker at a point; hidden where ``spot`` is None."""
    if spot is None:
        return {"x": [None], "y": [None], "text": [""]}
    text = "" if spot.lam is None else f"λ = {common.lam(spot.lam)}"
    return {"x": [spot.gap.value], "y": [spot.accuracy.value], "text": [text]}


def flips(changes: Sequence[ChangeRow], labels: Sequence[str]) -> Plot:
    """Draw gained rows (wrong without, right with the trigger) to the right, lost rows to the left.

    Args:
        changes: one row per group and label, see ``group_tables.changes``.
        labels: the c class names.
    """
    fig = theme.figure(x_title="", y_title="")
    cells = [neutral.in_chart(f"{common.group(row['group'])}, {labels[row['label']]}") for row in changes]
    gained, lost = [row["gained"]["rows"] for row in changes], [row["lost"]["rows"] for row in changes]
    for name, counts, sign, index in ((words.LOST, lost, -1, 1), (words.GAINED, gained, 1, 0)):
        fig.add_bar(
            x=[sign * n for n in counts], y=cells, orientation="h", name=name, text=[str(n) for n in counts],
            textposition="outside", textfont={"size": 16}, cliponaxis=False, hoverinfo="skip",
            marker={"color": theme.COLOURS[index], "pattern": {"shape": "/" if sign < 0 else "", "solidity": 0.3}},
        )  # fmt: skip
    widest = _BAR_RANGE * max([*gained, *lost, 1])
    fig.update_layout(barmode="overlay", bargap=0.4, legend_traceorder="normal")
    fig.update_xaxes(range=[-widest, widest], zeroline=True, zerolinecolor=theme.AXIS, showticklabels=False, ticks="")
    fig.update_yaxes(autorange="reversed", showline=False, ticks="", showgrid=False)
    columns = (inside.GROUP, words.LABEL, words.TEST_ROWS, words.GAINED, words.LOST, words.NET)
    rows = [_flip_row(row, labels) for row in changes]
    return Plot(fig, words.FLIPS_LABEL, columns, rows, height=90 + (56 if len(changes) <= 8 else 32) * len(changes))


def _series(
    fig: go.Figure, index: int, series: Series, named: str, *, show_seeds: bool, is_picked: bool,
    are_controls_named: bool, middle: float,
) -> None:  # fmt: skip
    look, name = theme.look(index), neutral.in_chart(named)
    same = {"legendgroup": f"series-{index}", "showlegend": False}
    fig.add_scatter(x=[None], y=[None], mode="lines+markers", name=name, legendgroup=same["legendgroup"], **look)
    if show_seeds:
        for seed, spots in series.single.items():
            quiet = {"size": 7, "color": look["marker"]["color"], "symbol": look["marker"]["symbol"]}
            _dots(
                fig, spots, quiet, opacity=FAINT, name=words.seed(seed), customdata=_custom(index, seed, spots), **same
            )
            _dots(fig, [spot for spot in spots if spot.collapsed], _cross(10, 1.5), name=common.COLLAPSED, **same)
    steps = front(series.mean)
    fig.add_scatter(
        x=[spot.gap.value for spot in steps], y=[spot.accuracy.value for spot in steps], name=name, mode="lines",
        line={**look["line"], "shape": "hv", "width": theme.LINE if is_picked else 1.5}, hoverinfo="skip", **same,
    )  # fmt: skip
    first = next(iter(series.single))
    _spots(fig, series.mean, look["marker"], name=name, customdata=_custom(index, first, series.mean), **same)
    lost = [spot for spot in (*series.mean, *series.controls.values()) if spot.collapsed]
    side = ["bottom left" if (spot.gap.value or 0.0) > middle else "bottom right" for spot in lost]
    text = {"mode": "markers+text", "text": [common.COLLAPSED] * len(lost), "textposition": side}
    _dots(fig, lost, _cross(22, 3), name=common.COLLAPSED, **text, **same)
    chosen, at = list[PlotPoint](), list[tuple[int, int, float | None]]()
    for seed, spots in series.single.items():
        found = [spot for spot in spots if spot.lam == series.curves[seed].chosen_lam]
        chosen, at = chosen + found, at + _custom(index, seed, found)
    dot = {"symbol": "circle", "size": 5, "color": "#ffffff", "line": {"width": 1, "color": look["marker"]["color"]}}
    _dots(fig, chosen, dot, name=words.CHOSEN, customdata=at, **same)  # the dot covers the point and takes its clicks
    for (method, control), ending in zip(series.controls.items(), cycle(_HOLLOW), strict=False):
        hollow = {**look["marker"], "symbol": f"{look['marker']['symbol']}-{ending}", "line": {"width": 2.5}}
        _spots(fig, [control], hollow, name=words.control(method), **same | {"showlegend": are_controls_named})


def _cross(size: int, width: float) -> dict[str, object]:
    """The marker over a collapsed point."""
    return {"symbol": "x-thin", "size": size, "line": {"width": width, "color": theme.NEUTRAL}}


def _dots(fig: go.Figure, spots: Sequence[PlotPoint], marker: Mapping[str, object], *, name: str, **more: Any) -> None:
    if spots:
        hover = [words.hover(name, spot) for spot in spots]
        fig.add_scatter(
            x=[spot.gap.value for spot in spots], y=[spot.accuracy.value for spot in spots], marker=dict(marker),
            name=name, **{"mode": "markers", "hoverinfo": "text", "hovertext": hover} | more,
        )  # fmt: skip


def _spots(fig: go.Figure, spots: Sequence[PlotPoint], marker: Mapping[str, object], *, name: str, **more: Any) -> None:
    """Points with the 95 % intervals of both coordinates."""
    bars = {"thickness": 1.5, "width": 0, "color": _faint(str(marker["color"]))}
    arms = {
        "error_x": _arms([each.gap for each in spots], spots),
        "error_y": _arms([each.accuracy for each in spots], spots),
    }
    _dots(fig, spots, marker, name=name, **{axis: bars | found for axis, found in arms.items()}, **more)


def _marker(fig: go.Figure, picked: tuple[int, PlotPoint] | None) -> None:
    colour = theme.look(picked[0])["marker"]["color"] if picked else theme.NEUTRAL
    fig.add_scatter(
        **marker_at(picked[1] if picked else None), meta=MARKER, mode="markers+text", textposition="top center",
        textfont={"size": 20}, marker={"symbol": "circle-open", "size": 32, "color": colour, "line": {"width": 4}},
        showlegend=False, hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip


def _fit_axes(
    fig: go.Figure, spots: Sequence[PlotPoint], widest: float, majority: float | None, *, is_of_one: bool
) -> None:
    """Fix the axes, so that they do not change with λ; draw the majority line, or its name alone where it is far."""
    if not spots:
        return
    heights = _within([spot.accuracy for spot in spots])
    widest = min(widest, max(_within([spot.gap for spot in spots])))
    if majority is not None:
        is_far = min(heights) - majority > _FAR * (max(heights) - majority)
        _majority(fig, majority, is_of_one=is_of_one, is_below=is_far)
        heights += [] if is_far else [majority]
    margin = _MARGIN * max(max(heights) - min(heights), 0.05)
    fig.update_xaxes(range=[-_MARGIN / 2 * widest, (1 + _MARGIN) * widest], tickformat=".2f")
    fig.update_yaxes(range=[min(heights) - margin, max(heights) + margin], tickformat=".2f")


def _within(found: Sequence[Estimate]) -> list[float]:
    """The ends of intervals, cut so that the values keep half of the axis: means of two seeds have very long ones."""
    values = [each.value or 0.0 for each in found]
    reach = max(max(values) - min(values), 0.02) / 2
    low, high = min(values) - reach, max(values) + reach
    return [min(max(end, low), high) for each in found for end in _ends(each)]


def _majority(fig: go.Figure, majority: float, *, is_of_one: bool, is_below: bool) -> None:
    """Draw the majority line and its name; where the line is below the plane, the name alone at the lower edge."""
    at = {"y": 0, "yref": "paper"} if is_below else {"y": majority}
    if not is_below:
        fig.add_hline(y=majority, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2}, layer="below")
    text = words.majority(majority, is_of_one=is_of_one, is_below=is_below)
    fig.add_annotation(text=text, x=1, xref="paper", xanchor="right", yanchor="bottom", showarrow=False, **at)


def _ends(found: Estimate) -> tuple[float, float]:
    return found.ci or (found.value or 0.0, found.value or 0.0)


def _arms(found: Sequence[Estimate], spots: Sequence[PlotPoint]) -> dict[str, object]:
    """Plotly's error bars; of length 0 where a point has no interval or is collapsed."""
    ends = [(0.0, 0.0) if spot.collapsed else _reach(each) for each, spot in zip(found, spots, strict=True)]
    return {
        "type": "data",
        "symmetric": False,
        "array": [up for _, up in ends],
        "arrayminus": [down for down, _ in ends],
    }


def _reach(found: Estimate) -> tuple[float, float]:
    """The lengths of the interval below and above the value."""
    low, high = _ends(found)
    return (found.value or 0.0) - low, high - (found.value or 0.0)


def _custom(index: int, seed: int, spots: Sequence[PlotPoint]) -> list[tuple[int, int, float | None]]:
    return [(index, seed, spot.lam) for spot in spots]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {FAINT})"


def _rows(series: Series, name: str) -> list[list[str]]:
    rows = [[name, common.lam(spot.lam or 0.0), *_row(spot)] for spot in series.mean]
    return rows + [[name, words.control(method), *_row(spot)] for method, spot in series.controls.items()]


def _row(spot: PlotPoint) -> list[str]:
    return [inside.interval(spot.accuracy), words.gap(spot), words.remark(spot)]


def _flip_row(row: ChangeRow, labels: Sequence[str]) -> list[str]:
    net = row["gained"]["rows"] - row["lost"]["rows"]
    counts = [f"{row['n']:,}", str(row["gained"]["rows"]), str(row["lost"]["rows"]), inside.signed(net, 0, plus=True)]
    return [common.group(row["group"]), labels[row["label"]], *counts]
