"""What the living picture on the page Start shows, made from a result and the gallery of one curve.

Notation: m gallery pictures, k λ values, g groups, s picture side. A *stop* is a position of the
slider: first no trigger, then every λ.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.wording import common
from app.wording import start as words

PER_CELL = 2  # examples of each label and group


def picture(result: Mapping[str, Any], curve: Mapping[str, Any], gallery: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Everything the component needs, as JSON.

    Args:
        result: result.json.
        curve: one of its curves.
        gallery: the arrays of that curve's gallery file.
    """
    points = {
        point["lam"]: point
        for point in result["points"]
        if point["method"] == curve["method"] and _is_of(point, curve) and point["lam"] is not None
    }
    lams = [float(lam) for lam in gallery["lams"] if float(lam) in points]
    kept = [i for i, lam in enumerate(gallery["lams"]) if float(lam) in points]
    base = result["base"]
    side = gallery["photo"].shape[1]
    return {
        "stops": [_stop(base, base, curve)] + [_stop(points[lam], base, curve) for lam in lams],
        "triggers": [_uri(gallery["trigger"][i]) for i in kept],
        "box": [float(value) / side for value in gallery["photo_box"]],
        "examples": _examples(gallery, kept, result["labels"], result["groups"]),
        "groups": list(result["groups"]),
        "words": _words(base, curve, result["labels"]),
    }


def chosen_curve(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The curve to show first: equalized odds before other criteria, then in the order of the study."""
    curves = [curve for curve in result["curves"] if curve["method"] == "reprogram"]
    return min(curves, key=lambda curve: curve["criterion"] != "equalized_odds", default=None)


def _is_of(point: Mapping[str, Any], curve: Mapping[str, Any]) -> bool:
    return all(point[name] == curve[name] for name in ("trigger", "criterion", "seed"))


def _stop(point: Mapping[str, Any], base: Mapping[str, Any], curve: Mapping[str, Any]) -> dict[str, Any]:
    gap, lam = curve["gap"], point["lam"]
    figures = {
        "gap_name": common.METRICS[gap].lower(),
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


def _examples(
    gallery: Mapping[str, NDArray[Any]], kept: Sequence[int], labels: Sequence[str], groups: Sequence[str]
) -> list[dict[str, Any]]:
    without = gallery["logits_without"].argmax(axis=-1)  # (m,)
    along = gallery["logits"][:, list(kept)].argmax(axis=-1)  # (m, k)
    says = np.concatenate([without[:, None], along], axis=1)  # (m, 1 + k)
    return [
        {
            "photo": _uri(gallery["photo"][i]),
            "name": f"{groups[int(gallery['z'][i])]}, {labels[int(gallery['y'][i])]}",
            "says": [words.CALLED.format(label=labels[int(said)]) for said in says[i]],
            "is_right": [bool(said == gallery["y"][i]) for said in says[i]],
        }
        for i in _picks(gallery["y"], gallery["z"], says)
    ]


def _picks(y: NDArray[np.int64], z: NDArray[np.int64], says: NDArray[np.int64]) -> list[int]:
    """Of every (z, y) cell the first row whose prediction changes, then the first of the rest."""
    changes = (says != says[:, :1]).any(axis=1)
    picks: list[int] = []
    for cell in sorted({(int(a), int(b)) for a, b in zip(z, y, strict=True)}):
        rows = np.flatnonzero((z == cell[0]) & (y == cell[1]))
        first = rows[changes[rows]][:1].tolist()
        picks += (first + [row for row in rows.tolist() if row not in first])[:PER_CELL]
    return picks


def _words(base: Mapping[str, Any], curve: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    names = {"positive": labels[-1], "negative": labels[0] if len(labels) == 2 else f"not {labels[-1]}"}
    return {
        "slider": words.SLIDER,
        "chosen": words.CHOSEN,
        "figures": [common.METRICS[curve["gap"]], common.METRICS["accuracy"]],
        "blocks": [words.HITS.format(**names), words.FALSE_ALARMS.format(**names)],
        "tick": words.BASE_TICK,
        "examples": words.EXAMPLES,
        "note": words.EXAMPLES_NOTE.format(n=base["n"]),
        "right": words.RIGHT,
        "wrong": words.WRONG,
    }


def _uri(pixels: NDArray[np.uint8]) -> str:
    """A picture (s, s, 3 or 4) as a PNG in a data address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
