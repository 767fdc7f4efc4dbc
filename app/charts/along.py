"""A figure along λ, with its controls beside it: what is seen without a trigger, and with one that was not learned.

Rivals, classifiers with weights of their own, are levels across it, to read what the trigger does at every λ against.

Notation: k λ-values.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from app.charts import theme
from app.charts.plot import Plot
from app.models.explanations import ConditionFigures
from app.models.frame import MarkerFrame
from app.models.line import Line
from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate

MARKER = "marker"  # meta of the trace that the λ slider moves
CONTROLS = ("without", "untrained", "black", "random_words", "neutral_words")
_STEP = 1.9  # between two controls, in steps between two λ: their names need room
_ROOM = 0.14  # above and below all intervals, as a share of what they span
_BAND = 0.2  # opacity of a rival's interval


def line(name: str, found: ConditionFigures, rivals: Mapping[str, float] | None = None) -> Line:
    """A line from figures under every condition.

    Args:
        name: for the legend and the table.
        found: the figures.
        rivals: λ by the method of each rival among them.
    """
    controls = {control: found.of[control] for control in CONTROLS if control in found.of}
    beside = {inside.rival(rival, lam): found.of[rival] for rival, lam in (rivals or {}).items() if rival in found.of}
    return Line(name, controls, found.along, beside)


def along(
    lines: Sequence[Line],
    lams: Sequence[float],
    *,
    y_title: str,
    label: str,
    picked: int | None = None,
    chance: float | None = None,
    limits: tuple[float, float] | None = None,
    height: int = 330,
) -> Plot:
    """Lines over λ; the controls stand apart on the left, joined to nothing.

    Args:
        lines: at least one, all over the same λ.
        lams: the k values, ascending; evenly spaced on the axis.
        y_title: what is measured.
        label: the chart in words.
        picked: index of the λ that carries the marker.
        chance: a level that guessing reaches.
        limits: of the vertical axis; None: what the intervals need.
        height: px.
    """
    fig = theme.figure(x_title=inside.AXIS, y_title=y_title)
    controls, places = _controls(lines), places_of(lines, len(lams))
    if chance is not None:
        _chance(fig, chance, places)
    for index, (name, rival) in enumerate(_rivals(lines), len(lines)):
        _rival(fig, index, name, rival, places)
    for index, each in enumerate(lines):
        _line(fig, index, each, controls, places, is_named=len(lines) > 1)
    _marker(fig, lines, places, picked)
    ticks = [inside.CONTROLS[name].replace(" ", "<br>") for name in controls] + [common.lam(lam) for lam in lams]
    at = [*places.controls, *places.lams]
    fig.update_xaxes(tickvals=at, ticktext=ticks, range=[-_STEP / 2, at[-1] + 0.5], showgrid=False)
    if controls:
        fig.add_vline(x=places.lams[0] - _STEP / 2, line={"color": theme.GRID, "width": 1})
    fig.update_yaxes(range=limits or _limits(lines, chance))
    has_legend = len(lines) > 1 or chance is not None or _rivals(lines)
    fig.update_layout(margin_t=48 if has_legend else 16)
    return Plot(fig, label, ["", *(each.name for each in lines)], _rows(lines, controls, lams), height=height)


class Places(NamedTuple):
    """Where controls and λ lie on the axis."""

    controls: list[float]
    lams: list[float]


def places_of(lines: Sequence[Line], n_lams: int) -> Places:
    """The controls on the left, with room for their names; every λ one step further."""
    beside = [_STEP * i for i in range(len(_controls(lines)))]
    start = beside[-1] + _STEP if beside else 0.0
    return Places(beside, [start + i for i in range(n_lams)])


def marker_at(lines: Sequence[Line], places: Places, index: int | None) -> MarkerFrame:
    """What moves the marker: attributes of its trace, as Plotly.restyle takes them."""
    if index is None:
        return {"x": [], "y": []}
    return {"x": [places.lams[index]] * len(lines), "y": [each.along[index].value for each in lines]}


def frames(lines: Sequence[Line], n_lams: int) -> list[MarkerFrame]:
    """The marker at every λ, for the slider."""
    places = places_of(lines, n_lams)
    return [marker_at(lines, places, index) for index in range(n_lams)]


def _controls(lines: Sequence[Line]) -> list[str]:
    return [name for name in CONTROLS if any(name in each.controls for each in lines)]


def _rivals(lines: Sequence[Line]) -> list[tuple[str, Estimate]]:
    return [(name, rival) for each in lines for name, rival in each.rivals.items() if rival.value is not None]


def _line(fig: go.Figure, index: int, line: Line, controls: Sequence[str], places: Places, *, is_named: bool) -> None:
    look, name, group = theme.look(index), inside.for_chart(line.name), f"line-{index}"
    known = [(x, each) for x, each in zip(places.lams, line.along, strict=True) if each.value is not None]
    fig.add_scatter(
        x=[x for x, _ in known], y=[each.value for _, each in known], mode="lines+markers", name=name,
        error_y=_arms([each for _, each in known], look["marker"]["color"]), legendgroup=group, showlegend=is_named,
        hovertemplate="%{y:.3f}", **look,
    )  # fmt: skip
    beside = [
        (x, line.controls[name]) for x, name in zip(places.controls, controls, strict=True) if name in line.controls
    ]
    beside = [(x, each) for x, each in beside if each.value is not None]
    hollow = {**look["marker"], "symbol": f"{look['marker']['symbol']}-open", "line": {"width": 2.5}}
    fig.add_scatter(
        x=[x for x, _ in beside], y=[each.value for _, each in beside], mode="markers", name=name, marker=hollow,
        error_y=_arms([each for _, each in beside], look["marker"]["color"]), legendgroup=group, showlegend=False,
        hovertemplate="%{y:.3f}",
    )  # fmt: skip


def _marker(fig: go.Figure, lines: Sequence[Line], places: Places, picked: int | None) -> None:
    colours = [theme.look(index)["marker"]["color"] for index in range(len(lines))]
    fig.add_scatter(
        **marker_at(lines, places, picked), meta=MARKER, mode="markers", showlegend=False, hoverinfo="skip",
        marker={"symbol": "circle-open", "size": 26, "color": colours, "line": {"width": 3.5, "color": colours}},
        cliponaxis=False,
    )  # fmt: skip


def _chance(fig: go.Figure, chance: float, places: Places) -> None:
    """A level across the chart, named in the legend: beside the line there are points."""
    ends = _ends(places)
    style = {"color": theme.NEUTRAL, "dash": "dash", "width": 2}
    fig.add_scatter(
        x=ends, y=[chance, chance], mode="lines", line=style, name=inside.CHANCE.format(chance=f"{chance:.2f}"),
        hoverinfo="skip", showlegend=True,
    )  # fmt: skip


def _rival(fig: go.Figure, index: int, name: str, rival: Estimate, places: Places) -> None:
    """A level in the look of a series of its own, with its interval as a band."""
    look, (left, right), (low, high) = theme.look(index), _ends(places), _interval(rival)
    fig.add_scatter(
        x=[left, right, right, left], y=[low, low, high, high], mode="none", fill="toself", opacity=_BAND,
        fillcolor=look["line"]["color"], hoverinfo="skip", showlegend=False, legendgroup=name,
    )  # fmt: skip
    fig.add_scatter(
        x=[left, right], y=[rival.value, rival.value], mode="lines", line=look["line"], name=inside.for_chart(name),
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
    """Both ends of a known figure's interval; the value twice where there is none."""
    return found.ci or (found.value or 0.0, found.value or 0.0)


def _limits(lines: Sequence[Line], chance: float | None) -> list[float]:
    found = [each for line in lines for each in (*line.controls.values(), *line.rivals.values(), *line.along)]
    ends = [end for each in found if each.value is not None for end in _interval(each)]
    ends += [chance] if chance is not None else []
    if not ends:
        return [0.0, 1.0]
    room = _ROOM * max(max(ends) - min(ends), 0.02)
    return [min(ends) - room, max(ends) + room]


def _rows(lines: Sequence[Line], controls: Sequence[str], lams: Sequence[float]) -> list[list[str]]:
    """One row per control, per rival and per λ, one column per line."""
    nothing = Estimate(None, None)
    found = [(inside.CONTROLS[name], [each.controls.get(name, nothing) for each in lines]) for name in controls]
    found += [(name, [each.rivals.get(name, nothing) for each in lines]) for name, _ in _rivals(lines)]
    found += [(f"λ = {common.lam(lam)}", [each.along[i] for each in lines]) for i, lam in enumerate(lams)]
    return [[name, *(inside.interval(each) for each in of_lines)] for name, of_lines in found]
