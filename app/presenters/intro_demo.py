"""The data of the demo on the page Start, from a result, the gallery of one curve and its examples.

Notation: k λ values, g groups, c classes. A *stop* is a position of the slider: first no trigger, then every λ.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app.models.demo import Demo, DemoControl, DemoLine, DemoStop, DemoWords
from app.presenters import intro_examples
from app.wording import start as words
from app.wording.shared import common, inside
from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point
from fairprog_core.report.figures.people import GroupRates, data_kind, people_of, points
from fairprog_core.report.figures.people import rates_of as rates_of
from fairprog_core.report.wording.headline import price
from fairprog_core.results.changed_examples import read_examples
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.gallery_layout import GalleryAbout
from fairprog_core.results.result import Result

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality

GAP = "equalized_odds_difference"  # the largest difference between two groups in a rate: "points apart"


def picture(result: Result, curve: Curve, gallery: Gallery) -> Demo:
    """All data of the component, as JSON.

    Args:
        result: of a finished run, or of one that still runs.
        curve: one of its curves.
        gallery: of that curve.

    Raises:
        ArtifactError: the result has no counts of predictions, or its examples are damaged.
    """
    modality: Modality = "text" if "texts" in gallery.about else "image"
    points = {point.lam: point for point in result.points_of(curve)}
    kept = [i for i, lam in enumerate(gallery.arrays["lams"].tolist()) if lam in points]
    lams = [float(gallery.arrays["lams"][i]) for i in kept]
    base, kind = result.base, data_kind(result)
    if not all(point.counts for point in (base, *points.values())) or not result.labels:
        raise ArtifactError(f"{result.folder / 'result.json'} holds no counts of answers; run the study again.")
    about = GalleryAbout(**{**gallery.about, "labels": result.labels, "groups": result.group_names})
    stored = read_examples(result.folder, curve=curve.key, lams=lams, n_labels=len(result.labels), modality=modality)
    rates = GroupRates(base, result, kind)
    stops = [_stop(point, base, rates) for point in (base, *(points[lam] for lam in lams))]
    chosen = 1 + lams.index(curve.chosen_lam) if curve.chosen_lam in lams else len(lams)
    shown = intro_examples.examples(gallery.arrays, about, kept, stored, kind=kind, chosen=chosen)
    return Demo(
        modality=modality, stops=stops, chosen=chosen, control=_control(result, curve), **shown,
        words=_words(result, curve, modality, stored["n_weights"] if stored else None),
        typed=None, turn=0, problem="",
    )  # fmt: skip


def chosen_curve(result: Result) -> Curve | None:
    """The curve of the demo: the first trigger with equalized odds, else the first trigger; None without a trigger."""
    curves = [curve for curve in result.curves if curve.method == "reprogram"]
    return min(curves, key=lambda curve: curve.criterion != "equalized_odds", default=None)


def worst_cell(result: Result) -> int:
    """The group and label, z · c + y, that the base is right about least often."""
    table = np.asarray(result.base.counts, dtype=float)  # (g, c, c): [group][y][y_pred]
    right = np.einsum("gcc->gc", table) / np.maximum(table.sum(axis=2), 1)
    return int(np.where(table.sum(axis=2) > 0, right, np.inf).argmin())


def _stop(point: Point, base: Point, rates: GroupRates) -> DemoStop:
    lam, gap, accuracy = point.lam, point.metric(GAP), point.metric("accuracy")
    base_gap, base_accuracy = base.metric(GAP), base.metric("accuracy")
    name = words.NO_TRIGGER if lam is None else f"λ = {common.lam(lam)}"
    apart, cost = (
        _apart(gap, None if lam is None else base_gap),
        price(accuracy, None if lam is None else base_accuracy),
    )
    terms = (words.TERMS_BASE if lam is None else words.TERMS).format(
        name=common.metric(GAP), gap=common.number(gap.value), base_gap=common.number(base_gap.value),
        gap_ci=_interval(gap),
        accuracy=common.number(accuracy.value), base_accuracy=common.number(base_accuracy.value),
        accuracy_ci=_interval(accuracy),
    )  # fmt: skip
    return {
        "name": name,
        "tick": words.BASE_TICK if lam is None else common.lam(lam),
        "gap": gap.value,
        "accuracy": accuracy.value,
        "apart": apart,
        "price": cost,
        "terms": terms,
        "summary": words.SUMMARY.format(name=name, apart=apart, price=cost),
        "lines": _lines(rates, point, is_base=lam is None),
    }


def _lines(rates: GroupRates, point: Point, *, is_base: bool) -> list[DemoLine]:
    """The rates at one stop."""
    text = words.OF_100 if is_base else words.CHANGE_OF_100
    return [
        {"name": name, "value": text.format(before=points(before), now=points(now))}
        for name, before, now in rates.told(point)
    ]


def _apart(gap: Estimate, before: Estimate | None) -> str:
    if gap.value is None or (before is not None and before.value is None):
        return words.APART_UNKNOWN
    if before is None or before.value is None:
        return words.APART_BASE.format(before=points(gap.value))
    return words.APART.format(before=points(before.value), now=points(gap.value))


def _interval(found: Estimate) -> str:
    return words.INTERVAL.format(low=f"{found.ci[0]:.3f}", high=f"{found.ci[1]:.3f}") if found.ci else ""


def _control(result: Result, curve: Curve) -> DemoControl | None:
    """The untrained trigger, or the random words."""
    for method, point in result.controls_of(curve).items():
        gap, accuracy = point.metric(GAP).value, point.metric("accuracy").value
        if method in words.CONTROLS and gap is not None and accuracy is not None:
            name, sentence = words.CONTROLS[method]
            return {"name": name, "gap": gap, "accuracy": accuracy, "sentence": sentence.format(now=points(gap))}
    return None


def _words(result: Result, curve: Curve, modality: "Modality", n_weights: int | None) -> DemoWords:
    changes = result.chosen_point(curve).changes or () if curve.chosen_lam is not None else ()
    gained, lost = (sum(row[way]["rows"] for row in changes) for way in ("gained", "lost"))
    return {
        "task": _task(result),
        "slider": inside.SLIDER,
        "chosen": words.CHOSEN,
        "base": words.BASE_POINT,
        "x_title": words.X_TITLE,
        "y_title": words.Y_TITLE,
        "chart": words.CHART,
        "drag": words.DRAG,
        "without": words.WITHOUT,
        "with_": words.WITH,
        "lock": words.LOCK_UNCOUNTED if n_weights is None else words.LOCK.format(n=n_weights),
        "another": words.ANOTHER,
        "loss": words.LOSS,
        "ratio": words.RATIO[modality].format(n=result.base.n, gained=gained, lost=lost) if changes else "",
        "note": words.NOTE[modality].format(why=_why(result, curve, gained - lost)),
        "right": words.RIGHT,
        "wrong": words.WRONG,
        "input": words.INPUT,
        "swap": words.SWAP,
        "score": words.SCORE.format(positive=result.labels[-1]),
        "control": words.CONTROL_SCORE,
        "waiting": words.WAITING,
        "seen": words.SEEN,
        "drawn": words.DRAWN,
        "called": [words.CALLED.format(label=label) for label in result.labels],
    }


def _why(result: Result, curve: Curve, n_more: int) -> str:
    """How it can be that more answers turn right than wrong, and accuracy falls: its rows are weighted."""
    if curve.chosen_lam is None:
        return words.WEIGHTED
    before, now = (point.metric("accuracy").value for point in (result.base, result.chosen_point(curve)))
    return words.WHY_A_PRICE if n_more > 0 and before and now and now < before else words.WEIGHTED


def _task(result: Result) -> str:
    """What the classifier answers, and about which groups, as Markdown."""
    groups = [people_of(data_kind(result), group)[0] for group in result.group_names]
    positive, negative = result.labels[-1], result.labels[0] if len(result.labels) == 2 else words.OTHERS
    named = {"positive": positive, "negative": negative, "groups": ", ".join(groups)}
    return words.TASK.format(**{key: common.plain(value) for key, value in named.items()})


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
