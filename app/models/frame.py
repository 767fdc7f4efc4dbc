"""The position of a live chart's marker at one λ; the λ slider applies it in the browser."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict


class MarkerFrame(TypedDict):
    """Attributes of the trace with the meta "marker", in the form of Plotly.restyle."""

    x: Sequence[float | None]
    y: Sequence[float | None]
    text: NotRequired[list[str]]
