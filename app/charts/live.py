"""Charts of a curve while it trains: the validation curve over λ, the utility loss, the discriminator.

Notation: gap on the x-axis (left is smaller), accuracy on the y-axis.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from app.charts import theme
from app.charts.plot import Plot
from app.records import CurveSoFar, running_mean, thin
from app.wording import common
from app.wording import train as words


def validation(curve: CurveSoFar, others: Iterable[CurveSoFar], gap: str) -> Plot:
    """Accuracy against the gap over λ on validation: now, the best so far, other curves, base, majority line.

    Args:
        curve: the curve that trains now.
        others: further curves of the run that close the same gap.
        gap: the metric's screen name.
    """
    fig = theme.figure(x_title=gap, y_title=common.METRICS["accuracy"])
    for other in others:
        if other.best:
            _add_line(fig, other.best, name=words.FINISHED, colour=theme.NEUTRAL, width=1.5, has_text=False)
    record = curve.best if curve.is_finished else curve.latest
    if record is None:
        return Plot(fig, words.VALIDATION_LABEL)
    if curve.best is not None and curve.best is not record:
        _add_line(fig, curve.best, name=words.BEST, colour=theme.COLOURS[2], dash="dot", width=2, has_text=False)
    _add_line(
        fig,
        record,
        name=words.KEPT if curve.is_finished else words.NOW,
        colour=theme.COLOURS[0],
        width=theme.LINE,
        has_text=True,
    )
    _add_references(fig, record)
    rows = [
        [common.lam(lam), common.number(accuracy), common.number(size)]
        for lam, accuracy, size in zip(record["lam"], record["accuracy"], record["gap"], strict=True)
    ]
    return Plot(fig, words.VALIDATION_LABEL, ("λ", common.METRICS["accuracy"], gap), rows, height=460)


def utility_loss(curve: CurveSoFar) -> Plot:
    """The utility loss over the steps."""
    fig = theme.figure(x_title=words.STEP, y_title=words.LOSS)
    _add_series(fig, curve, curve.utility_loss, index=0)
    return Plot(fig, words.LOSS_LABEL, (words.STEP, words.LOSS), _rows(curve, curve.utility_loss), height=230)


def discriminator(curve: CurveSoFar) -> Plot:
    """The discriminator's accuracy over the steps, against chance."""
    fig = theme.figure(x_title=words.STEP, y_title=words.DISCRIMINATOR)
    _add_series(fig, curve, curve.discriminator_accuracy, index=1)
    if curve.chance is not None:
        fig.add_hline(y=curve.chance, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
        fig.add_annotation(text=words.CHANCE, x=1.01, xref="paper", y=curve.chance, xanchor="left", showarrow=False)
        fig.update_layout(margin_r=72)
    rows = _rows(curve, curve.discriminator_accuracy)
    return Plot(fig, words.DISCRIMINATOR_LABEL, (words.STEP, words.DISCRIMINATOR), rows, height=230)


def _add_line(
    fig: go.Figure, record: Any, *, name: str, colour: str, width: float, has_text: bool, dash: str = "solid"
) -> None:
    fig.add_scatter(
        x=record["gap"], y=record["accuracy"], name=name, mode="lines+markers+text" if has_text else "lines",
        text=[common.lam(lam) for lam in record["lam"]] if has_text else None, textposition="top center",
        line={"color": colour, "width": width, "dash": dash}, marker={"color": colour, "size": theme.MARKER},
        hovertemplate="λ %{customdata}<br>%{y:.3f}, %{x:.3f}", customdata=[common.lam(lam) for lam in record["lam"]],
    )  # fmt: skip
    fig.update_layout(showlegend=True)


def _add_references(fig: go.Figure, record: Any) -> None:
    """The base as a star, the majority-class accuracy as a line, both within the axes."""
    base_gap, base_accuracy = record.get("base_gap"), record.get("base_accuracy")
    if base_gap is not None and base_accuracy is not None:
        marker = {"symbol": "star", "size": 20, "color": theme.COLOURS[1]}
        fig.add_scatter(x=[base_gap], y=[base_accuracy], name=words.BASE, mode="markers", marker=marker)
    majority = record.get("majority_accuracy")
    if majority is not None:
        fig.add_hline(y=majority, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
        fig.add_annotation(
            text=words.MAJORITY, x=1, xref="paper", y=majority, xanchor="right", yanchor="bottom", showarrow=False
        )
    x_most = max([value for value in (*record["gap"], base_gap) if value is not None], default=0.1)
    ys = [value for value in (*record["accuracy"], base_accuracy, majority) if value is not None]
    pad = 0.15 * max(max(ys) - min(ys), 0.02) if ys else 0.1
    fig.update_xaxes(range=[0, 1.12 * max(x_most, 0.05)])
    if ys:
        fig.update_yaxes(range=[min(ys) - pad, max(ys) + pad])


def _add_series(fig: go.Figure, curve: CurveSoFar, values: Sequence[float], *, index: int) -> None:
    """Every step faintly, and the mean over the last steps on top of it."""
    colour, steps = theme.COLOURS[index], thin(curve.step)
    line = {"color": colour, "width": 1}
    fig.add_scatter(x=steps, y=thin(list(values)), mode="lines", line=line, opacity=0.35, hoverinfo="skip")
    fig.add_scatter(x=steps, y=thin(running_mean(values)), mode="lines", line=line | {"width": theme.LINE})
    fig.update_xaxes(range=[0, max(curve.steps_in_all, 1)])
    fig.update_layout(showlegend=False, margin_t=12)


def _rows(curve: CurveSoFar, values: Sequence[float]) -> list[list[str]]:
    """The newest twenty, newest first."""
    pairs = list(zip(curve.step, values, strict=True))[-20:]
    return [[str(step), common.number(value)] for step, value in reversed(pairs)]


def base(records: Sequence[Mapping[str, Any]]) -> Plot:
    """The loss of the base classifier over its epochs."""
    fig = theme.figure(x_title=words.EPOCH, y_title=words.BASE_LOSS)
    epochs, losses = [record["epoch"] for record in records], [record["loss"] for record in records]
    look = theme.look(0)
    fig.add_scatter(x=thin(epochs), y=thin(losses), mode="lines+markers", line=look["line"], marker=look["marker"])
    fig.update_layout(showlegend=False, margin_t=12)
    fig.update_xaxes(range=[0, records[-1]["epochs"] + 0.2])
    rows = [[common.lam(epoch), common.number(loss)] for epoch, loss in zip(epochs, losses, strict=True)]
    return Plot(fig, words.BASE_LABEL, (words.EPOCH, words.BASE_LOSS), rows, height=300)
