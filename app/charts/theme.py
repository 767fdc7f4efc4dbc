"""The style of all charts: palette, symbols, dashes, fonts, and a template for light and dark themes.

Colour is never the only mark of a series: series i has colour, symbol and dash i. Backgrounds are transparent and
lines half-transparent grey, so that one figure fits both themes.
"""

from typing import TypedDict

import plotly.graph_objects as go

from app.wording.shared import neutral

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "hexagon", "hexagram")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "2px,6px", "10px,3px,2px,3px")
NEUTRAL = "#7a8794"
GRID = "rgba(122, 135, 148, 0.25)"
AXIS = "rgba(122, 135, 148, 0.7)"
CLEAR = "rgba(0, 0, 0, 0)"
INK = {"light": "#18222c", "dark": "#e9eef2"}
FONT = '"Source Sans", "Source Sans Pro", system-ui, sans-serif'

MARKER = 11  # px
LINE = 3  # px


class MarkerLook(TypedDict):
    """Colour, symbol and size of a series' markers."""

    color: str
    symbol: str
    size: int


class LineLook(TypedDict):
    """Colour, dash and width of a series' line."""

    color: str
    dash: str
    width: int


class Look(TypedDict):
    """Trace arguments of a series."""

    marker: MarkerLook
    line: LineLook


def look(index: int) -> Look:
    """Colour, symbol and dash of series ``index`` as trace arguments; colours repeat after four, all after eight."""
    i, colour = index % len(SYMBOLS), COLOURS[index % len(COLOURS)]
    return {
        "marker": {"color": colour, "symbol": SYMBOLS[i], "size": MARKER},
        "line": {"color": colour, "dash": DASHES[i], "width": LINE},
    }


def template(ink: str | None = None) -> go.layout.Template:
    """The layout template; ``ink`` is the text colour, None: the page's CSS sets it."""
    lines = {"gridcolor": GRID, "linecolor": AXIS, "tickcolor": AXIS, "zeroline": False, "showline": True}
    text = {"title": {"font": {"size": 18}, "standoff": 12}, "tickfont": {"size": 15}, "automargin": True}
    axis = lines | text | {"ticks": "outside"}
    font = {"family": FONT, "size": 16} | ({"color": ink} if ink else {})
    return go.layout.Template(
        layout={
            "font": font,
            "colorway": list(COLOURS),
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "xaxis": axis,
            "yaxis": axis,
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "font": {"size": 15}},
            "margin": {"l": 8, "r": 8, "t": 48, "b": 8},
            "hoverlabel": {"bgcolor": INK["light"], "bordercolor": AXIS, "font": {"size": 15, "color": "#ffffff"}},
            "hovermode": "closest",
        }
    )


def figure(*, x_title: str, y_title: str, ink: str | None = None) -> go.Figure:
    """An empty figure with the template and titled axes."""
    fig = go.Figure()
    fig.update_layout(
        template=template(ink), xaxis_title_text=neutral.in_chart(x_title), yaxis_title_text=neutral.in_chart(y_title)
    )
    return fig
