"""What the demo on the page Start shows, made from a result and the gallery of one curve.

Notation: k λ values, g groups. A *stop* is a position of the slider: first no trigger, then every λ.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.presenters.intro_examples import MAKERS
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.common.errors import ArtifactError
from fairprog_core.results.gallery_file import read_gallery

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality


def picture(
    result: Mapping[str, Any],
    curve: Mapping[str, Any],
    gallery: Mapping[str, NDArray[Any]],
    about: Mapping[str, Any] | None = None,
    modality: "Modality" = "image",
) -> dict[str, Any]:
    """Everything the component needs, as JSON.

    Args:
        result: result.json.
        curve: one of its curves.
        gallery: the arrays of that curve's gallery file.
        about: and its description.
        modality: of the data.
    """
    points = {
        point["lam"]: point
        for point in result["points"]
        if point["method"] == curve["method"] and _is_of(point, curve) and point["lam"] is not None
    }
    lams = [float(lam) for lam in gallery["lams"] if float(lam) in points]
    kept = [i for i, lam in enumerate(gallery["lams"]) if float(lam) in points]
    base = result["base"]
    names = {"labels": result["labels"], "groups": result["groups"]}
    return {
        "modality": modality,
        "stops": [_stop(base, base, curve)] + [_stop(points[lam], base, curve) for lam in lams],
        **MAKERS[modality](gallery, {**(about or {}), **names}, kept),
        "groups": list(result["groups"]),
        "words": _words(base, curve, result["labels"], modality),
    }


def chosen_curve(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The curve to show first: equalized odds before other criteria, then in the order of the study."""
    curves = [curve for curve in result["curves"] if curve["method"] == "reprogram"]
    return min(curves, key=lambda curve: curve["criterion"] != "equalized_odds", default=None)


def _is_of(point: Mapping[str, Any], curve: Mapping[str, Any]) -> bool:
    return all(point.get(name) == curve.get(name) for name in ("trigger", "criterion", "tuning_ratio", "seed"))


def _stop(point: Mapping[str, Any], base: Mapping[str, Any], curve: Mapping[str, Any]) -> dict[str, Any]:
    gap, lam = curve["gap"], point["lam"]
    figures = {
        "gap_name": common.metric(gap).lower(),
        "gap": common.number(point[gap]),
        "base_gap": common.number(base[gap]),
        "accuracy": common.number(point["accuracy"]),
        "base_accuracy": common.number(base["accuracy"]),
    }
    is_base = lam is None
    rates, before = _rates(point["counts"]), _rates(base["counts"])
    summary = words.SUMMARY_BASE if is_base else words.SUMMARY
    return {
        "name": words.NO_TRIGGER if is_base else f"λ = {common.lam(lam)}",
        "tick": words.NO_TRIGGER if is_base else common.lam(lam),
        "is_chosen": not is_base and lam == curve["chosen_lam"],
        "summary": summary.format(**figures, lam=None if is_base else common.lam(lam)),
        "figures": [_figure(point, base, gap), _figure(point, base, "accuracy")],
        "rates": rates,
        "apart": [_apart(now, None if is_base else old) for now, old in zip(rates, before, strict=True)],
    }


def _figure(point: Mapping[str, Any], base: Mapping[str, Any], metric: str) -> dict[str, Any]:
    interval = point.get(f"{metric}_ci")
    return {
        "before": None if point is base else common.number(base[metric]),
        "now": common.number(point[metric]),
        "note": words.INTERVAL.format(low=interval[0], high=interval[1]) if interval else "",
    }


def _rates(counts: Sequence[Sequence[Sequence[float]]]) -> list[list[float | None]]:
    """Per block and group: share of the positive rows called positive, then of the others (g each)."""
    table = np.asarray(counts, dtype=float)  # (g, c, c): [group][y][y_pred]
    hits = _share(table[:, -1, -1], table[:, -1, :].sum(axis=1))
    others = table[:, :-1, :].sum(axis=1)
    return [hits, _share(others[:, -1], others.sum(axis=1))]


def _apart(now: Sequence[float | None], before: Sequence[float | None] | None) -> str:
    """How far the groups lie apart, in points: "25 points apart", "25 → 9 points apart"."""
    texts = []
    for shares in (before, now):
        known = [share for share in shares or () if share is not None]
        if known:
            texts.append(f"{100 * (max(known) - min(known)):.0f}")
    return words.APART.format(points=" → ".join(texts)) if texts else ""


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> list[float | None]:
    return [float(p / w) if w else None for p, w in zip(part, whole, strict=True)]


def _words(
    base: Mapping[str, Any], curve: Mapping[str, Any], labels: Sequence[str], modality: "Modality"
) -> dict[str, Any]:
    names = {"positive": labels[-1], "negative": labels[0] if len(labels) == 2 else f"not {labels[-1]}"}
    return {
        "slider": words.SLIDER,
        "chosen": words.CHOSEN,
        "figures": [common.metric(curve["gap"]), common.metric("accuracy")],
        "blocks": [words.HITS.format(**names), words.FALSE_ALARMS.format(**names)],
        "tick": words.BASE_TICK,
        "examples": words.EXAMPLES[modality],
        "note": words.EXAMPLES_NOTES[modality].format(n=base["n"]),
        "right": words.RIGHT,
        "wrong": words.WRONG,
    }


def of_folder(folder: Path) -> dict[str, Any] | None:
    """The demo of a shipped example, or None where it has no curve.

    Raises:
        ArtifactError: the example is damaged.
    """
    return _picture(folder, (folder / "result.json").stat().st_mtime_ns)


@st.cache_data(max_entries=4, show_spinner=False)
def _picture(folder: Path, age: int) -> dict[str, Any] | None:
    """``age`` is the file's: another age, another picture."""
    result = _read(folder / "result.json")
    curve = chosen_curve(result)
    if curve is None:
        return None
    gallery = read_gallery(folder / "curves" / curve["key"] / "gallery.safetensors")
    return picture(result, curve, gallery.arrays, gallery.about, "text" if "texts" in gallery.about else "image")


def _read(path: Path) -> dict[str, Any]:
    """result.json without ``Result``, which imports pyarrow: 35 MB that this page does not need."""
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if "curves" in values:
            return values
    except (OSError, ValueError, TypeError):
        pass
    raise ArtifactError(f"{path} is damaged.")
