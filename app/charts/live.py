"""Charts of a curve while it trains: the validation curve over λ, the utility loss, the discriminator.

Notation: gap on the x-axis (left is smaller), accuracy on the y-axis.
"""

from collections.abc import Sequence

import plotly.graph_objects as go

from app.charts import theme
from app.charts.plot import Plot
from app.models.records import CurveSoFar, running_mean, thin
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.records import BaseRecord, Front, LiveRecord

HEIGHT = 460  # px of the validation chart
MOST_GHOSTS = 8  # earlier validations that are drawn


def validation(curve: CurveSoFar, others: Sequence[CurveSoFar], gap: str) -> Plot | None:
    """Accuracy against the gap over λ on validation rows: the newest and best iterate, other curves, the base.

    Args:
        curve: the curve that the page shows.
        others: finished and other curves of the run with the same gap.
        gap: the metric's name on the screen.

    Returns:
        The chart, or None before the first validation.
    """
    fig = theme.figure(x_title=gap, y_title=common.metric("accuracy"))
    finished = [other.best for other in others if other.best]
    for i, other in enumerate(finished):
        _add_line(fig, other, name=words.OTHERS, colour=theme.NEUTRAL, width=1.5, is_named=i == 0)
    record = curve.best if curve.is_finished else curve.latest
    if record is None and curve.rough is not None and "front" in curve.rough:
        return _rough(fig, curve.rough, finished, gap)
    if record is None:
        if not finished:
            return None
        _add_references(fig, finished)
        return Plot(fig, words.VALIDATION_LABEL, height=HEIGHT)
    if curve.best is not None and curve.best is not record:
        _add_line(fig, curve.best, name=words.BEST, colour=theme.COLOURS[2], dash="dot", width=2)
    _add_ghosts(fig, curve, record)
    name = words.KEPT if curve.is_finished else words.NOW
    _add_line(fig, record, name=name, colour=theme.COLOURS[0], width=theme.LINE, has_points=True)
    _add_references(fig, [record, *finished])
    return Plot(fig, words.VALIDATION_LABEL, *_table(record, gap), height=HEIGHT)


def _rough(fig: go.Figure, live: LiveRecord, finished: Sequence[Front], gap: str) -> Plot:
    """The rough curve of the first steps, on few rows."""
    front = live["front"]
    name = words.rough(live.get("n_rows", 0))
    _add_line(fig, front, name=name, colour=theme.COLOURS[0], width=2, dash="dot", has_points=True)
    _add_references(fig, [front, *finished])
    return Plot(fig, words.VALIDATION_LABEL, *_table(front, gap), height=HEIGHT)


def _add_ghosts(fig: go.Figure, curve: CurveSoFar, shown: Front) -> None:
    """Earlier validations, the older the fainter."""
    earlier = [each for each in curve.validations if each is not shown][-MOST_GHOSTS:]
    for i, ghost in enumerate(earlier):
        _add_line(
            fig, ghost, name=words.EARLIER, colour=theme.COLOURS[0], width=1.5, is_named=i == len(earlier) - 1,
            opacity=0.12 + 0.38 * (i + 1) / len(earlier),
        )  # fmt: skip


def _table(record: Front, gap: str) -> tuple[tuple[str, str, str], list[list[str]]]:
    """Columns and rows of the table below the chart."""
    rows = [
        [common.lam(lam), common.number(accuracy), common.number(size)]
        for lam, accuracy, size in zip(record["lam"], record["accuracy"], record["gap"], strict=True)
    ]
    return ("λ", common.metric("accuracy"), gap), rows


def utility_loss(curve: CurveSoFar) -> Plot:
    """The utility loss over training steps."""
    fig = theme.figure(x_title=words.STEP, y_title=words.LOSS)
    _add_series(fig, curve, curve.utility_loss, index=0)
    return Plot(fig, words.LOSS_LABEL, (words.STEP, words.LOSS), _rows(curve, curve.utility_loss), height=230)


def discriminator(curve: CurveSoFar) -> Plot:
    """The discriminator's accuracy over training steps, with the level of chance."""
    fig = theme.figure(x_title=words.STEP, y_title=words.DISCRIMINATOR)
    _add_series(fig, curve, curve.discriminator_accuracy, index=1)
    if curve.chance is not None:
        fig.add_hline(y=curve.chance, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
        fig.add_annotation(text=words.CHANCE, x=1.01, xref="paper", y=curve.chance, xanchor="left", showarrow=False)
    rows = _rows(curve, curve.discriminator_accuracy)
    return Plot(fig, words.DISCRIMINATOR_LABEL, (words.STEP, words.DISCRIMINATOR), rows, height=230)


def over_chance(curve: CurveSoFar) -> Plot:
    """How many more of a hundred groups the discriminator guesses than always the most frequent group would."""
    points = [100 * (value - (curve.chance or 0.0)) for value in curve.discriminator_accuracy]
    fig = theme.figure(x_title=words.STEP, y_title=words.OVER_CHANCE)
    _add_series(fig, curve, points, index=1)
    fig.add_hline(y=0, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
    return Plot(fig, words.OVER_CHANCE_LABEL, (words.STEP, words.OVER_CHANCE), _rows(curve, points), height=230)


def angle(curve: CurveSoFar) -> Plot:
    """The angle between the gradients of the two losses for the trigger, over training steps."""
    fig = theme.figure(x_title=words.STEP, y_title=words.ANGLE)
    steps, degrees = [at for at, _ in curve.angles], [value for _, value in curve.angles]
    look = theme.look(0)
    fig.add_scatter(x=steps, y=degrees, mode="lines+markers", line=look["line"], marker=look["marker"])
    fig.add_hline(y=90, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
    fig.update_xaxes(range=[0, max(curve.n_steps, 1)])
    fig.update_yaxes(range=[0, 180], dtick=45)
    fig.update_layout(showlegend=False, margin_t=12, margin_r=64)
    rows = [[str(at), common.number(value, 1)] for at, value in reversed(curve.angles[-20:])]
    return Plot(fig, words.ANGLE_LABEL, (words.STEP, words.ANGLE), rows, height=230)


def _add_line(
    fig: go.Figure, record: Front, *, name: str, colour: str, width: float, dash: str = "solid",
    has_points: bool = False, is_named: bool = True, opacity: float = 1.0,
) -> None:  # fmt: skip
    """One validation as a line; ``has_points`` adds a marker and the value of λ at every λ."""
    lams = [common.lam(lam) for lam in record["lam"]]
    points: dict[str, object] = {"mode": "lines"}
    if has_points:
        near = 0.2 * max([0.05, *_known(*record["gap"])])  # nearer to the axis a text on the left would be cut
        side = ["top center" if gap is None or gap < near else "top left" for gap in record["gap"]]  # off the line
        points = {"mode": "lines+markers+text", "text": lams, "textposition": side}
    fig.add_scatter(
        x=record["gap"], y=record["accuracy"], name=name, legendgroup=name, showlegend=is_named, customdata=lams,
        line={"color": colour, "width": width, "dash": dash}, marker={"color": colour, "size": theme.MARKER},
        opacity=opacity,
        hovertemplate="λ %{customdata}<br>%{y:.3f}, %{x:.3f}", **points,
    )  # fmt: skip


def _add_references(fig: go.Figure, records: Sequence[Front]) -> None:
    """Draw the base as a star and the majority-class accuracy as a line; fit the axes to them and to all records."""
    base_gap, base_accuracy = records[0].get("base_gap"), records[0].get("base_accuracy")
    if base_gap is not None and base_accuracy is not None:
        marker = {"symbol": "star", "size": 20, "color": theme.NEUTRAL}
        fig.add_scatter(x=[base_gap], y=[base_accuracy], name=words.BASE, mode="markers", marker=marker)
    majority = records[0].get("majority_accuracy")
    if majority is not None:
        fig.add_hline(y=majority, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
        right = {"x": 1, "xref": "paper", "xanchor": "right", "yanchor": "bottom", "showarrow": False}
        fig.add_annotation(text=words.MAJORITY, y=majority, **right)
    gaps = _known(base_gap, *(value for record in records for value in record["gap"]))
    accuracies = _known(base_accuracy, majority, *(value for record in records for value in record["accuracy"]))
    widest = max([0.05, *gaps])
    fig.update_xaxes(range=[-0.07 * widest, 1.12 * widest])
    if accuracies:
        low, high = min(accuracies), max(accuracies)
        pad = 0.15 * max(high - low, 0.02)
        fig.update_yaxes(range=[low - pad, high + pad])


def _known(*values: float | None) -> list[float]:
    return [value for value in values if value is not None]


def _add_series(fig: go.Figure, curve: CurveSoFar, values: Sequence[float], *, index: int) -> None:
    """Draw every step faintly, and the running mean over it."""
    colour, steps = theme.COLOURS[index], thin(curve.step)
    line = {"color": colour, "width": 1}
    fig.add_scatter(x=steps, y=thin(list(values)), mode="lines", line=line, opacity=0.35, hoverinfo="skip")
    fig.add_scatter(x=steps, y=thin(running_mean(values)), mode="lines", line=line | {"width": theme.LINE})
    fig.update_xaxes(range=[0, max(curve.n_steps, 1)])
    fig.update_layout(showlegend=False, margin_t=12, margin_r=64)


def _rows(curve: CurveSoFar, values: Sequence[float]) -> list[list[str]]:
    """The table of the chart: the newest twenty steps, the newest first."""
    pairs = list(zip(curve.step, values, strict=True))[-20:]
    return [[str(step), common.number(value)] for step, value in reversed(pairs)]


def base(records: Sequence[BaseRecord]) -> Plot:
    """The loss of the base classifier over its training steps."""
    fig = theme.figure(x_title=words.STEP, y_title=words.BASE_LOSS)
    steps, losses = [record["step"] for record in records], [record["loss"] for record in records]
    look = theme.look(0)
    fig.add_scatter(x=thin(steps), y=thin(losses), mode="lines+markers", line=look["line"], marker=look["marker"])
    fig.update_layout(showlegend=False, margin_t=12)
    fig.update_xaxes(range=[0, records[-1]["steps"] * 1.02])
    rows = [[str(step), common.number(loss)] for step, loss in zip(steps, losses, strict=True)]
    return Plot(fig, words.BASE_LABEL, (words.STEP, words.BASE_LOSS), rows, height=300)
