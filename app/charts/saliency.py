"""The averages of the page Saliency along λ."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.charts.along import along, frames, line
from app.charts.plot import Plot
from app.models.line import Line
from app.wording import saliency as words

_Found = tuple[str, Mapping[str, Any] | None, words.ControlNames]  # key, values by condition, names


class Average(NamedTuple):
    """One average: its chart's key, its line over λ, its names on the screen."""

    key: str
    line: Line
    names: words.ControlNames


def averages(explain: Mapping[str, Any], view: str) -> list[Average]:
    """The averages that a survey could estimate.

    Args:
        explain: ``curve["explain"]`` of a result.
        view: "grad_cam" or "integrated_gradients": whose share is shown.
    """
    regions = explain.get("regions") or []
    found = []
    if regions:
        prefix = "ig_" if view == "integrated_gradients" else ""
        found.append((f"{prefix}share", explain.get(f"{prefix}{regions[0]}_share"), words.share(view, regions)))
        found.append(("erasure", (explain.get("erasure") or {}).get("ratio"), words.erasure(regions)))
    return _known(found + _of_twins(explain, words.PICTURE), explain)


def averages_of_texts(explain: Mapping[str, Any]) -> list[Average]:
    """The averages that a survey of texts could estimate; see `averages`."""
    share = ("share", explain.get("ig_identity_share"), words.IDENTITY_SHARE)
    return _known([share, *_of_twins(explain, words.SENTENCE)], explain)


def _of_twins(explain: Mapping[str, Any], what: str) -> list[_Found]:
    twins = explain.get("twins") or {}
    if not twins:
        return []
    return [
        ("difference", twins.get("logit_difference"), words.difference(twins["names"], what)),
        ("flips", twins.get("flip_share"), words.flips(twins["names"])),
    ]


def _known(found: Sequence[_Found], explain: Mapping[str, Any]) -> list[Average]:
    rivals = explain.get("rivals")
    return [Average(key, line(names.axis, values, rivals), names) for key, values, names in found if values]


def chart(average: Average, lams: Sequence[float], picked: int) -> Plot:
    """One average along λ."""
    return along([average.line], lams, y_title=average.names.axis, label=average.names.label, picked=picked)


def marker_frames(average: Average, n_lams: int) -> list[dict[str, Any]]:
    """The marker of an average's chart at every λ."""
    return frames([average.line], n_lams)
