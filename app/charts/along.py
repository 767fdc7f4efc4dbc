"""A figure along λ, with its controls to the left: no trigger, and triggers without learning.

Rivals are horizontal levels, so that they can be compared with the trigger at every λ.

Notation: k λ-values.
"""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from app.charts import theme
from app.charts.plot import MARKER, Plot
from app.models.frame import MarkerFrame
from app.wording.shared import common, inside, neutral
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures.line import CONTROLS, Line

_STEP = 1.9  # distance of two controls, in distances of two λ: the controls have longer names
_MARGIN = 0.14  # above and below all intervals, as a share of their range
_BAND = 0.2  # opacity of a rival's interval


def along(
    lines: Sequence[Line],
    lams: Sequence[float],
    *,
    y_title: str,
    label: str,
    picked: int | None = None,
    chance: float | None = None,
    flat: float | None = None,
    limits: tuple[float, float] | None = None,
    height: int = 330,
) -> Plot:
    """Draw lines over λ; the controls are single points on the left.

    Args:
        lines: at least one, all over the same λ.
        lams: the k values, ascending; evenly spaced on the axis.
        y_title: the name of the figure.
        label: the chart in words.
        picked: index of the λ with the marker.
        chance: the level of guessing.
        flat: the level of a map that is the same everywhere.
        limits: of the vertical axis; None: all intervals fit.
        height: px.
    """
    fig = theme.figure(x_title=inside.AXIS, y_title=y_title)
    controls, places = _controls(lines), places_of(lines, len(lams))
    levels = {inside.CHANCE: chance, inside.FLAT: flat}
    known = {text.format(level=level): level for text, level in levels.items() if level is not None}
    for name, level in known.items():
        _level(fig, name, level, places)
    for index, (name, rival) in enumerate(_rivals(lines), len(lines)):
        _rival(fig, index, name, rival, places)
    for index, each in enumerate(lines):
        _line(fig, index, each, controls, places, is_named=len(lines) > 1)
    _crosses(fig, lines, controls, places)
    _marker(fig, lines, places, picked)
    ticks = [_tick(name, lines) for name in controls] + [common.lam(lam) for lam in lams]
    at = [*places.controls, *places.lams]
    fig.update_xaxes(tickvals=at, ticktext=ticks, range=[-_STEP / 2, at[-1] + 0.5], showgrid=False)
    if controls:
        fig.add_vline(x=places.lams[0] - _STEP / 2, line={"color": theme.GRID, "width": 1})
    fig.update_yaxes(range=limits or _limits(lines, list(known.values())))
    has_legend = len(lines) > 1 or known or _rivals(lines)
    fig.update_layout(margin_t=48 if has_legend else 16)
    rows = [*_rows(lines, controls, lams), *([name, *[""] * len(lines)] for name in known)]
    return Plot(fig, label, ["", *(each.name for each in lines)], rows, height=height)


class Places(NamedTuple):
    """The positions of the controls and of the k λ on the horizontal axis."""

    controls: list[float]
    lams: list[float]


def places_of(lines: Sequence[Line], n_lams: int) -> Places:
    """The positions on the axis: first the controls, ``_STEP`` apart, then every λ, 1 apart."""
    controls = [_STEP * i for i in range(len(_controls(lines)))]
    start = controls[-1] + _STEP if controls else 0.0
    return Places(controls, [start + i for i in range(n_lams)])


def marker_at(lines: Sequence[Line], places: Places, index: int | None) -> MarkerFrame:
    """The marker's position at the λ with this index, on every line; no position where ``index`` is None."""
    if index is None:
        return {"x": [], "y": []}
    return {"x": [places.lams[index]] * len(lines), "y": [each.along[index].value for each in lines]}


def frames(lines: Sequence[Line], n_lams: int) -> list[MarkerFrame]:
    """The marker's position at every λ (k), for the slider."""
    places = places_of(lines, n_lams)
    return [marker_at(lines, places, index) for index in range(n_lams)]


def _controls(lines: Sequence[Line]) -> list[str]:
    return [name for name in CONTROLS if any(name in each.controls for each in lines)]


def _rivals(lines: Sequence[Line]) -> list[tuple[str, Estimate]]:
    return [(name, rival) for each in lines for name, rival in each.rivals.items() if rival.value is not None]


def _line(fig: go.Figure, index: int, line: Line, controls: Sequence[str], places: Places, *, is_named: bool) -> None:
    look, name, group = theme.look(index), neutral.in_chart(line.name), f"line-{index}"
    known = [(x, each) for x, each in zip(places.lams, line.along, strict=True) if each.value is not None]
    fig.add_scatter(
        x=[x for x, _ in known], y=[each.value for _, each in known], mode="lines+markers", name=name,
        error_y=_arms([each for _, each in known], look["marker"]["color"]), legendgroup=group, showlegend=is_named,
        hovertemplate="%{y:.3f}", **look,
    )  # fmt: skip
    measured = [
        (x, line.controls[name]) for x, name in zip(places.controls, controls, strict=True) if name in line.controls
    ]
    measured = [(x, each) for x, each in measured if each.value is not None]
    hollow = {**look["marker"], "symbol": f"{look['marker']['symbol']}-open", "line": {"width": 2.5}}
    fig.add_scatter(
        x=[x for x, _ in measured], y=[each.value for _, each in measured], mode="markers", name=name, marker=hollow,
        error_y=_arms([each for _, each in measured], look["marker"]["color"]), legendgroup=group, showlegend=False,
        hovertemplate="%{y:.3f}",
    )  # fmt: skip


def _crosses(fig: go.Figure, lines: Sequence[Line], controls: Sequence[str], places: Places) -> None:
    """Crosses over the controls that have collapsed."""
    lost = [
        (x, line.controls[name].value)
        for line in lines
        for x, name in zip(places.controls, controls, strict=True)
        if name in line.collapsed and name in line.controls
    ]
    if lost:
        fig.add_scatter(
            x=[x for x, _ in lost], y=[y for _, y in lost], mode="markers", name=common.COLLAPSED, showlegend=False,
            marker={"symbol": "x-thin", "size": 22, "line": {"width": 3, "color": theme.NEUTRAL}}, hoverinfo="skip",
        )  # fmt: skip


def _is_collapsed(name: str, lines: Sequence[Line]) -> bool:
    return any(name in each.collapsed for each in lines)


def _tick(name: str, lines: Sequence[Line]) -> str:
    """The name of a control on the axis, with a cross if it has collapsed: the word is too wide for narrow charts."""
    return inside.CONTROLS[name].replace(" ", "<br>") + (f"<br>{inside.CROSS}" if _is_collapsed(name, lines) else "")


def _marker(fig: go.Figure, lines: Sequence[Line], places: Places, picked: int | None) -> None:
    colours = [theme.look(index)["marker"]["color"] for index in range(len(lines))]
    fig.add_scatter(
        **marker_at(lines, places, picked), meta=MARKER, mode="markers", showlegend=False, hoverinfo="skip",
        marker={"symbol": "circle-open", "size": 26, "color": colours, "line": {"width": 3.5, "color": colours}},
        cliponaxis=False,
    )  # fmt: skip


def _level(fig: go.Figure, name: str, level: float, places: Places) -> None:
    """The level of guessing or of a flat map; named in the legend, because points cover the space at the line."""
    ends = _ends(places)
    style = {"color": theme.NEUTRAL, "dash": "dash", "width": 2}
    fig.add_scatter(
        x=ends, y=[level, level], mode="lines", line=style, name=name, hoverinfo="skip", showlegend=True,
    )  # fmt: skip


def _rival(fig: go.Figure, index: int, name: str, rival: Estimate, places: Places) -> None:
    """A rival's level in a style of its own, with its interval as a band."""
    look, (left, right), (low, high) = theme.look(index), _ends(places), _interval(rival)
    fig.add_scatter(
        x=[left, right, right, left], y=[low, low, high, high], mode="none", fill="toself", opacity=_BAND,
        fillcolor=look["line"]["color"], hoverinfo="skip", showlegend=False, legendgroup=name,
    )  # fmt: skip
    fig.add_scatter(
        x=[left, right], y=[rival.value, rival.value], mode="lines", line=look["line"], name=neutral.in_chart(name),
        hovertemplate="%{y:.3f}", showlegend=True, legendgroup=name,
    )  # fmt: skip


def _ends(places: Places) -> list[float]:
    return [-_STEP, places.lams[-1] + 1]


def _arms(found: Sequence[Estimate], colour: str) -> dict[str, object]:
    ends, values = [_interval(each) for each in found], [each.value or 0.0 for each in found]
    up = [high - value for (_, high), value in zip(ends, values, strict=True)]
    down = [value - low for (low, _), value in zip(ends, values, strict=True)]
    return {
        "type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5, "width": 4,
        "color": colour,
    }  # fmt: skip


def _interval(found: Estimate) -> tuple[float, float]:
    """Both ends of a known figure's interval; the value twice where it has no interval."""
    return found.ci or (found.value or 0.0, found.value or 0.0)


def _limits(lines: Sequence[Line], levels: Sequence[float]) -> list[float]:
    found = [each for line in lines for each in (*line.controls.values(), *line.rivals.values(), *line.along)]
    ends = [end for each in found if each.value is not None for end in _interval(each)]
    ends += levels
    if not ends:
        return [0.0, 1.0]
    margin = _MARGIN * max(max(ends) - min(ends), 0.02)
    return [min(ends) - margin, max(ends) + margin]


def _rows(lines: Sequence[Line], controls: Sequence[str], lams: Sequence[float]) -> list[list[str]]:
    """The table of the chart: one row per control, rival and λ, one column per line."""
    nothing = Estimate(None, None)
    found = [
        (
            inside.control(name, is_collapsed=_is_collapsed(name, lines)),
            [each.controls.get(name, nothing) for each in lines],
        )
        for name in controls
    ]
    found += [(name, [each.rivals.get(name, nothing) for each in lines]) for name, _ in _rivals(lines)]
    found += [(f"λ = {common.lam(lam)}", [each.along[i] for each in lines]) for i, lam in enumerate(lams)]
    return [[name, *(inside.interval(each) for each in of_lines)] for name, of_lines in found]
