"""How the labels are spread over the groups, before anything is trained."""

from collections.abc import Sequence

from app.charts import theme
from app.charts.plot import Plot
from app.wording import data as words
from app.wording.shared import neutral

_STROKES = "rgba(0, 0, 0, 0.35)"
_PATTERNS = ("", "/", ".", "x", "\\", "+", "|", "-")


def balance(counts: Sequence[Sequence[int]], *, groups: Sequence[str], labels: Sequence[str], few: int) -> Plot:
    """One bar per group, as long as the group is large, divided into its labels.

    Args:
        counts: rows of every group and label, (g, c).
        groups: their g names.
        labels: their c names.
        few: a smaller number of rows is marked.
    """
    fig = theme.figure(x_title=words.ROWS_AXIS, y_title="")
    names = [neutral.in_chart(name) for name in groups]
    sums = [sum(row) for row in counts]
    for i, label in enumerate(labels):
        shares = [words.share(row[i], n) for row, n in zip(counts, sums, strict=True)]
        fig.add_bar(
            x=[row[i] for row in counts], y=names, orientation="h", name=neutral.in_chart(label),
            text=[words.few(row[i]) if row[i] < few else share for row, share in zip(counts, shares, strict=True)],
            textposition="inside", insidetextanchor="middle", textangle=0, constraintext="none",
            textfont={"color": "#ffffff", "weight": 600},
            marker=_look(i),
            hoverinfo="text",
            hovertext=[words.cell(group, label, row[i], n) for group, row, n in zip(names, counts, sums, strict=True)],
        )  # fmt: skip
    fig.update_layout(barmode="stack", legend={"traceorder": "normal"}, uniformtext={"minsize": 12, "mode": "hide"})
    fig.update_yaxes(autorange="reversed", showline=False, ticks="", showgrid=False)
    rows = [
        [group, f"{n:,}", *(f"{k:,} ({words.share(k, n)})" for k in row)]
        for group, row, n in zip(groups, counts, sums, strict=True)
    ]
    return Plot(fig, words.BALANCE_LABEL, (words.GROUP, words.ROWS, *labels), rows, height=130 + 46 * len(groups))


def _look(i: int) -> dict[str, object]:
    """Colour and pattern of label i: colour is never the only mark."""
    shape = {"shape": _PATTERNS[i % len(_PATTERNS)], "fillmode": "overlay", "fgcolor": _STROKES, "size": 10}
    return {"color": theme.COLOURS[i % len(theme.COLOURS)], "pattern": shape}
