"""The averages of the page Saliency along λ."""

from collections.abc import Sequence
from typing import NamedTuple

from app.charts.along import along, frames, line
from app.charts.plot import Plot
from app.models.explanations import Averages, ConditionFigures
from app.models.frame import MarkerFrame
from app.models.line import Line
from app.wording import saliency as words

_Found = tuple[str, ConditionFigures | None, words.ControlNames]  # key, figures, names


class Average(NamedTuple):
    """One average: its chart's key, its line over λ, its names on the screen."""

    key: str
    line: Line
    names: words.ControlNames


def averages(explain: Averages, view: str) -> list[Average]:
    """The averages that a survey could estimate.

    Args:
        explain: of a curve.
        view: "grad_cam" or "integrated_gradients": whose share is shown.
    """
    found: list[_Found] = []
    if regions := explain.regions:
        prefix = "ig_" if view == "integrated_gradients" else ""
        found.append((f"{prefix}share", explain.shares.get(f"{prefix}{regions[0]}_share"), words.share(view, regions)))
        found.append(("erasure", explain.erasure, words.erasure(regions)))
    return _known(found + _of_twins(explain, words.PICTURE), explain)


def averages_of_texts(explain: Averages) -> list[Average]:
    """The averages that a survey of texts could estimate; see `averages`."""
    share = ("share", explain.shares.get("ig_identity_share"), words.IDENTITY_SHARE)
    return _known([share, *_of_twins(explain, words.SENTENCE)], explain)


def _of_twins(explain: Averages, what: str) -> list[_Found]:
    if len(explain.twins) < 2:
        return []
    return [
        ("difference", explain.difference, words.difference(explain.twins, what)),
        ("flips", explain.flips, words.flips(explain.twins)),
    ]


def _known(found: Sequence[_Found], explain: Averages) -> list[Average]:
    return [Average(key, line(names.axis, values, explain.rivals), names) for key, values, names in found if values]


def chart(average: Average, lams: Sequence[float], picked: int) -> Plot:
    """One average along λ."""
    return along([average.line], lams, y_title=average.names.axis, label=average.names.label, picked=picked)


def marker_frames(average: Average, n_lams: int) -> list[MarkerFrame]:
    """The marker of an average's chart at every λ."""
    return frames([average.line], n_lams)
