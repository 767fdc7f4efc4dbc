"""The data of the demo on the page Start, from a result and the gallery of one curve.

Notation: k λ values, g groups. A *stop* is a position of the slider: first no trigger, then every λ.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.models.demo import Demo, DemoFigure, DemoStop, DemoWords
from app.presenters.intro_examples import MAKERS
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.gallery_layout import GalleryAbout
from fairprog_core.results.result import Result

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality


def picture(result: Result, curve: Curve, gallery: Gallery) -> Demo:
    """All data of the component, as JSON.

    Args:
        result: of a finished run, or of one that still runs.
        curve: one of its curves.
        gallery: of that curve.

    Raises:
        ArtifactError: the result has no counts of predictions.
    """
    modality: Modality = "text" if "texts" in gallery.about else "image"
    points = {point.lam: point for point in result.points_of(curve)}
    lams = [float(lam) for lam in gallery.arrays["lams"] if float(lam) in points]
    kept = [i for i, lam in enumerate(gallery.arrays["lams"]) if float(lam) in points]
    base = result.base
    if not all(point.counts for point in (base, *points.values())) or not result.labels:
        raise ArtifactError(f"{result.folder / 'result.json'} holds no counts of answers; run the study again.")
    about = GalleryAbout(**{**gallery.about, "labels": result.labels, "groups": result.group_names})
    return Demo(
        modality=modality,
        stops=[_stop(base, base, curve), *(_stop(points[lam], base, curve) for lam in lams)],
        **MAKERS[modality](gallery.arrays, about, kept),
        groups=result.group_names,
        words=_words(base, curve, result.labels, modality),
    )


def chosen_curve(result: Result) -> Curve | None:
    """The curve of the demo: the first trigger with equalized odds, else the first trigger; None without a trigger."""
    curves = [curve for curve in result.curves if curve.method == "reprogram"]
    return min(curves, key=lambda curve: curve.criterion != "equalized_odds", default=None)


def _stop(point: Point, base: Point, curve: Curve) -> DemoStop:
    gap, lam = curve.gap, point.lam
    figures = {
        "gap_name": common.metric(gap).lower(),
        "gap": common.number(point.metric(gap).value),
        "base_gap": common.number(base.metric(gap).value),
        "accuracy": common.number(point.metric("accuracy").value),
        "base_accuracy": common.number(base.metric("accuracy").value),
    }
    rates, before = _rates(point.counts), _rates(base.counts)
    summary = words.SUMMARY_BASE if lam is None else words.SUMMARY
    return {
        "name": words.NO_TRIGGER if lam is None else f"λ = {common.lam(lam)}",
        "tick": words.NO_TRIGGER if lam is None else common.lam(lam),
        "is_chosen": lam is not None and lam == curve.chosen_lam,
        "summary": summary.format(**figures, lam=None if lam is None else common.lam(lam)),
        "figures": [_figure(point, base, gap), _figure(point, base, "accuracy")],
        "rates": rates,
        "spreads": [_spread(now, None if lam is None else old) for now, old in zip(rates, before, strict=True)],
    }


def _figure(point: Point, base: Point, metric: str) -> DemoFigure:
    found = point.metric(metric)
    return {
        "before": None if point is base else common.number(base.metric(metric).value),
        "now": common.number(found.value),
        "note": words.INTERVAL.format(low=found.ci[0], high=found.ci[1]) if found.ci else "",
    }


def _rates(counts: Sequence[Sequence[Sequence[float]]]) -> list[list[float | None]]:
    """True positive rate, then false positive rate, per group (2, g); None where a group has no such rows."""
    table = np.asarray(counts, dtype=float)  # (g, c, c): [group][y][y_pred]
    hits = _share(table[:, -1, -1], table[:, -1, :].sum(axis=1))
    others = table[:, :-1, :].sum(axis=1)
    return [hits, _share(others[:, -1], others.sum(axis=1))]


def _spread(now: Sequence[float | None], before: Sequence[float | None] | None) -> str:
    """The difference between the highest and the lowest rate: "25 points apart", "25 → 9 points apart"."""
    texts = []
    for shares in (before, now):
        known = [share for share in shares or () if share is not None]
        if known:
            texts.append(f"{100 * (max(known) - min(known)):.0f}")
    return words.APART.format(points=" → ".join(texts)) if texts else ""


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> list[float | None]:
    return [float(p / w) if w else None for p, w in zip(part, whole, strict=True)]


def _words(base: Point, curve: Curve, labels: Sequence[str], modality: "Modality") -> DemoWords:
    names = {"positive": labels[-1], "negative": labels[0] if len(labels) == 2 else f"not {labels[-1]}"}
    return {
        "slider": words.SLIDER,
        "chosen": words.CHOSEN,
        "figures": [common.metric(curve.gap), common.metric("accuracy")],
        "blocks": [words.HITS.format(**names), words.FALSE_ALARMS.format(**names)],
        "tick": words.BASE_TICK,
        "examples": words.EXAMPLES[modality],
        "note": words.EXAMPLES_NOTES[modality].format(n=base.n),
        "right": words.RIGHT,
        "wrong": words.WRONG,
    }


def of_folder(folder: Path) -> Demo | None:
    """The demo of a shipped example; None where its result has no curve.

    Raises:
        ArtifactError: the example is damaged.
    """
    return _picture(folder, (folder / "result.json").stat().st_mtime_ns)


@st.cache_data(max_entries=4, show_spinner=False)
def _picture(folder: Path, modified: int) -> Demo | None:
    """``modified`` is the time stamp of the result: a new one invalidates the cache."""
    result = Result.open(folder)
    curve = chosen_curve(result)
    if curve is None:
        return None
    gallery = result.gallery(curve)
    if gallery is None:
        raise ArtifactError(f"The gallery of {folder / 'curves' / curve.key} is missing; run the study again.")
    return picture(result, curve, gallery)
