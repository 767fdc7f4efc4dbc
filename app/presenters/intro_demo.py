"""The data of the demo on the page Start, from a result, the gallery of one curve and its examples.

Notation: k λ values, g groups, c classes. A *stop* is a position of the slider: first no trigger, then every λ.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.models.demo import Demo, DemoControl, DemoLine, DemoStop, DemoWords
from app.presenters import intro_examples
from app.wording import start as words
from app.wording.shared import common, inside
from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point
from fairprog_core.results.changed_examples import read_examples
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.gallery_layout import GalleryAbout
from fairprog_core.results.result import Result

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality

GAP = "equalized_odds_difference"  # the largest difference between two groups in a rate: "points apart"
CLEAR = 0.1  # a difference between groups that is worth a line of its own


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
    rates = _Rates(base, result, kind)
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


def data_kind(result: Result) -> str:
    """The registry key of the study's data set; empty where it has none."""
    dataset = result.study.get("dataset")
    return str(dataset.get("kind", "")) if isinstance(dataset, dict) else ""


def worst_cell(result: Result) -> int:
    """The group and label, z · c + y, that the base is right about least often."""
    table = np.asarray(result.base.counts, dtype=float)  # (g, c, c): [group][y][y_pred]
    right = np.einsum("gcc->gc", table) / np.maximum(table.sum(axis=2), 1)
    return int(np.where(table.sum(axis=2) > 0, right, np.inf).argmin())


class _Rates:
    """The rates of groups that a demo tells about: which ones, and their names."""

    def __init__(self, base: Point, result: Result, kind: str) -> None:
        labels = result.labels
        self._names = {
            "positive": labels[-1], "negative": labels[0] if len(labels) == 2 else f"not {labels[-1]}",
        }  # fmt: skip
        self._groups, self._kind, self._base = result.group_names, kind, rates_of(base.counts)
        self._told = self._choose()

    def lines(self, point: Point, *, is_base: bool) -> list[DemoLine]:
        """The rates at one stop."""
        now, found = rates_of(point.counts), list[DemoLine]()
        for block, group in self._told:
            before, after = self._base[block][group], now[block][group]
            if before is not None and after is not None:
                text = words.OF_100 if is_base else words.CHANGE_OF_100
                value = text.format(before=_points(before), now=_points(after))
                found.append({"name": self._name(block, group), "value": value})
        return found

    def _choose(self) -> list[tuple[int, int]]:
        """Lowest and highest group of the block that is furthest apart, and the worst of the other if it is clear."""
        known = [{g: rate for g, rate in enumerate(block) if rate is not None} for block in self._base]
        spread = [max(block.values()) - min(block.values()) if block else -1.0 for block in known]
        main: int = int(spread[1] > spread[0])
        if not known[main]:
            return []
        low, high = (int(end(known[main], key=known[main].__getitem__)) for end in (min, max))
        told: list[tuple[int, int]] = [(main, high), (main, low)] if main else [(main, low), (main, high)]
        if spread[other := 1 - main] >= CLEAR:
            worst = max(known[other], key=lambda g: known[other][g] * (1 if other else -1))
            told.append((other, worst))
        return told

    def _name(self, block: int, group: int) -> str:
        sentences = words.FALSE_ALARM if block else words.HIT
        people, _ = people_of(self._kind, self._groups[group])
        return intro_examples.told(sentences, self._kind).format(**self._names, people=people)


def people_of(kind: str, group: str) -> tuple[str, str]:
    """What a group is called: many, and one."""
    return words.PEOPLE.get(kind, {}).get(group, (common.group(group),) * 2)


def _stop(point: Point, base: Point, rates: _Rates) -> DemoStop:
    lam, gap, accuracy = point.lam, point.metric(GAP), point.metric("accuracy")
    base_gap, base_accuracy = base.metric(GAP), base.metric("accuracy")
    name = words.NO_TRIGGER if lam is None else f"λ = {common.lam(lam)}"
    apart, price = (
        _apart(gap, None if lam is None else base_gap),
        _price(accuracy, None if lam is None else base_accuracy),
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
        "price": price,
        "terms": terms,
        "summary": words.SUMMARY.format(name=name, apart=apart, price=price),
        "lines": rates.lines(point, is_base=lam is None),
    }


def _apart(gap: Estimate, before: Estimate | None) -> str:
    if gap.value is None or (before is not None and before.value is None):
        return words.APART_UNKNOWN
    if before is None or before.value is None:
        return words.APART_BASE.format(before=_points(gap.value))
    return words.APART.format(before=_points(before.value), now=_points(gap.value))


def _price(accuracy: Estimate, before: Estimate | None) -> str:
    if before is None or before.value is None or accuracy.value is None:
        return words.FREE if before is None else ""
    lost = round(100 * (before.value - accuracy.value))
    if lost == 0:
        return words.NO_PRICE
    verb = "is" if abs(lost) == 1 else "are"
    return (words.PRICE if lost > 0 else words.GAIN).format(n=abs(lost), verb=verb)


def _points(share: float) -> str:
    """Of 100; a half is rounded up everywhere, so that a difference of two rates agrees with the rates."""
    return str(int(round(100 * share, 6) + 0.5))


def _interval(found: Estimate) -> str:
    return words.INTERVAL.format(low=f"{found.ci[0]:.3f}", high=f"{found.ci[1]:.3f}") if found.ci else ""


def _control(result: Result, curve: Curve) -> DemoControl | None:
    """The untrained trigger, or the random words."""
    for method, point in result.controls_of(curve).items():
        gap, accuracy = point.metric(GAP).value, point.metric("accuracy").value
        if method in words.CONTROLS and gap is not None and accuracy is not None:
            name, sentence = words.CONTROLS[method]
            return {"name": name, "gap": gap, "accuracy": accuracy, "sentence": sentence.format(now=_points(gap))}
    return None


def rates_of(counts: Sequence[Sequence[Sequence[float]]]) -> list[list[float | None]]:
    """True positive rate, then false positive rate, per group (2, g); None where a group has no such rows."""
    table = np.asarray(counts, dtype=float)  # (g, c, c): [group][y][y_pred]
    hits = _share(table[:, -1, -1], table[:, -1, :].sum(axis=1))
    others = table[:, :-1, :].sum(axis=1)
    return [hits, _share(others[:, -1], others.sum(axis=1))]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> list[float | None]:
    return [float(p / w) if w else None for p, w in zip(part, whole, strict=True)]


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
