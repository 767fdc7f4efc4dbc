"""Where the marker of a live chart stands: what moves it in the browser while λ moves."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict


class MarkerFrame(TypedDict):
    """Attributes of the trace with the meta "marker", as Plotly.restyle takes them."""

    x: Sequence[float | None]
    y: Sequence[float | None]
    text: NotRequired[list[str]]
