"""The averages of a curve's explanations along λ, each with its names."""

from collections.abc import Sequence
from typing import NamedTuple

from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.report.figures.line import Line, line
from fairprog_core.report.wording import saliency as words
from fairprog_core.results.explanations import ImageExplanation, Means, TextExplanation

POSITIVE_SHARE = "positive"  # key of the chart
_Found = tuple[str, str, Means | None, words.ControlNames]  # key of the chart, name in the result, means, names
_Explanation = ImageExplanation | TextExplanation | None


class Average(NamedTuple):
    """One average: the key of its chart, its line over λ, its names on the screen, the level of a flat map."""

    key: str
    line: Line
    names: words.ControlNames
    flat: float | None = None


def averages(explain: _Explanation, view: str, target: int | None = None) -> list[Average]:
    """The averages over pictures that could be estimated.

    Args:
        explain: of a curve.
        view: the map whose share is shown, "grad_cam" or "integrated_gradients".
        target: the class that the maps explain; None: the predicted one.
    """
    found: list[_Found] = []
    if isinstance(explain, ImageExplanation) and (regions := explain.regions):
        key, name, share = "share", "cam_share", explain.cam_share
        if view == "integrated_gradients":
            key, name, share = "ig_share", "ig_share", explain.ig_share
        elif target == words.POSITIVE and explain.positive_share:
            key, name, share = POSITIVE_SHARE, "positive_share", explain.positive_share
        found.append((key, name, share, words.share(view, regions)))
        found.append(("erasure", "erasure", explain.erasure.ratio if explain.erasure else None, words.erasure(regions)))
    return _known(found + _of_twins(explain, words.PICTURE), explain)


def averages_of_texts(explain: _Explanation) -> list[Average]:
    """The averages over texts that could be estimated; see `averages`."""
    share = explain.ig_identity_share if isinstance(explain, TextExplanation) else None
    return _known(
        [("share", "ig_identity_share", share, words.IDENTITY_SHARE), *_of_twins(explain, words.SENTENCE)], explain
    )


def _of_twins(explain: _Explanation, what: str) -> list[_Found]:
    pairs = explain and explain.counterfactuals
    if not pairs:
        return []
    return [
        ("difference", "logit_difference", pairs.logit_difference, words.difference(pairs.names, what)),
        ("flips", "flip_share", pairs.flip_share, words.flips(pairs.names)),
    ]


def _known(found: Sequence[_Found], explain: _Explanation) -> list[Average]:
    if explain is None:
        return []
    figures = [(key, name, ConditionFigures.of_means(means), names) for key, name, means, names in found if means]
    return [
        Average(
            key,
            line(names.axis, each, explain.rivals, explain.paired.get(name), explain.collapsed_controls),
            names,
            explain.flat.get(name),
        )
        for key, name, each, names in figures
    ]


def of_groups(explain: _Explanation) -> list[tuple[str, Line]]:
    """The share on the first region for the rows of every group: the group's name, and the line over λ."""
    if explain is None:
        return []
    return [
        (name, line(name, ConditionFigures.of_means(means), explain.rivals, explain.paired.get(f"by_group.{name}")))
        for name, means in explain.by_group.items()
    ]
