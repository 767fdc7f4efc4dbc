"""The leakage of the base, the controls and the chosen λ, in bits about the group."""

from collections.abc import Sequence

from app.charts import theme
from app.charts.plot import Plot
from app.wording.panels import leakage as words
from app.wording.shared import inside, neutral
from fairprog_core.metrics.point import LeakageJson

Audits = Sequence[tuple[str, LeakageJson]]  # by name


def chart(audits: Audits) -> Plot:
    """One point with its interval per audit, from top to bottom; the vertical line at 0 bits is chance.

    Args:
        audits: the base, the controls, and the chosen λ last.
    """
    fig = theme.figure(x_title=words.AXIS, y_title="")
    fig.add_vline(x=0, line={"color": theme.NEUTRAL, "dash": "dash", "width": 2})
    fig.add_annotation(
        text=words.CHANCE, x=0, y=1, yref="paper", xanchor="left", yanchor="bottom", showarrow=False, xshift=4
    )
    names = [neutral.in_chart(name) for name, _ in audits]
    for i, ((_, audit), name) in enumerate(zip(audits, names, strict=True)):
        value, (low, high) = audit["bits"]["value"] or 0.0, inside.ends(audit["bits"])
        symbol, colour = _look(i, len(audits))
        fig.add_scatter(
            x=[value], y=[name], mode="markers", name=name, showlegend=False, hoverinfo="skip",
            marker={"symbol": symbol, "size": 14, "color": colour, "line": {"width": 2.5, "color": colour}},
            error_x={
                "type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low],
                "thickness": 2.5, "width": 6, "color": colour,
            },
        )  # fmt: skip
    fig.update_yaxes(autorange="reversed", showline=False, ticks="", showgrid=False)
    fig.update_xaxes(tickformat=".2f")
    rows = [words.row(name, audit) for name, audit in audits]
    return Plot(fig, words.LABEL, words.COLUMNS, rows, height=130 + 52 * len(audits))


def _look(i: int, n: int) -> tuple[str, str]:
    """Symbol and colour of audit i of n: a star for the base, hollow for controls, filled for the chosen λ."""
    if i == 0:
        return "star", theme.NEUTRAL
    return ("circle", theme.COLOURS[0]) if i == n - 1 else ("circle-open", theme.COLOURS[0])
