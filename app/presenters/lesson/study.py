"""One shipped study as the lesson shows it."""

import math
from dataclasses import replace
from pathlib import Path

import streamlit as st

from app.presenters.lesson import examples, looks, portraits, rates
from app.presenters.lesson.data import LessonStudy
from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.point import Point
from fairprog_core.results.changed_examples import read_examples
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def of_folder(folder: Path, run: str) -> LessonStudy:
    """The study in a folder; cached until its result changes.

    Args:
        folder: of a shipped study.
        run: its id among the runs.

    Raises:
        ArtifactError: it is damaged, or holds too little for the lesson.
    """
    return _study(folder, run, (folder / "result.json").stat().st_mtime_ns)


def study(result: Result, run: str) -> LessonStudy:
    """All figures and rows of one study; see `of_folder`."""
    curve = _curve(result)
    gallery = result.gallery(curve) if curve else None
    if curve is None or gallery is None or len(result.labels) != 2:
        raise ArtifactError(f"{result.folder} holds no trigger with explained test rows of two labels; run it again.")
    points, chosen = result.points_of(curve), result.chosen_point(curve)
    levelled = chosen.levelling.get(curve.gap) if chosen.levelling else result.levelling(chosen, curve.gap)
    stored = read_examples(result.folder, curve=curve.key, n_labels=len(result.labels))
    changed = examples.changed(stored, gallery)
    lams = {float(lam) for lam in gallery.arrays["lams"]}
    points = [point for point in points if point.lam in lams]
    return {
        "key": result.folder.name,
        "run": run,
        "modality": gallery.modality,
        "labels": list(result.labels),
        "n": result.base.n,
        "frozen": stored["n_weights"] if stored else _n_weights(result),
        "steps": curve.steps,
        "majority": float(result.majority_accuracy or 0.0),
        "levelled": rates.measured(levelled["share"] if levelled else None),
        "flips": _flips(chosen),
        "groups": rates.groups(result.predictions(result.base), result.groups()),
        "stops": rates.stops(_with_rates(result, result.base), [_with_rates(result, each) for each in points], curve),
        "look": looks.look(curve),
        "probe": looks.probe(curve, gallery),
        "checks": looks.checks(result, curve, levelled),
        "examples": examples.examples(gallery, curve),
        "changed": examples.few(changed, 1 + curve.lams.index(curve.chosen_lam)),
        "portraits": portraits.alike(changed),
        "trigger": examples.trigger(gallery),
    }


@st.cache_data(max_entries=4, show_spinner=False)
def _study(folder: Path, run: str, modified: int) -> LessonStudy:
    """``modified`` is the time stamp of the result: a new one invalidates the cache."""
    return study(Result.open(folder), run)


def _curve(result: Result) -> Curve | None:
    """The first trigger with equalized odds, else the first trigger."""
    curves = [curve for curve in result.curves if curve.method == "reprogram"]
    return min(curves, key=lambda curve: curve.criterion != "equalized_odds", default=None)


def _with_rates(result: Result, point: Point) -> Point:
    """The point with its rates per group, which early versions did not store."""
    return point if point.group_rates is not None else replace(point, group_rates=result.group_table(point))


def _flips(point: Point) -> list[int]:
    """How many test rows became right, and how many wrong."""
    rows = point.changes or []
    return [sum(row["gained"]["rows"] for row in rows), sum(row["lost"]["rows"] for row in rows)]


def _n_weights(result: Result) -> int:
    """The number of values in the classifier's file; 0 where the run did not keep it."""
    from safetensors import safe_open

    path = result.folder / "base" / "classifier.safetensors"
    if not path.is_file():
        return 0
    with safe_open(path, framework="np") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
