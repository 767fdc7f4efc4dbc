"""Make ``examples.json`` of a shipped study: ``examples.py assets/demo/faces``. `make demo` does so for all of them."""

import base64
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.presenters.intro_demo import chosen_curve, worst_cell
from app.wording.start import SENTENCES
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.common.types import Floats, Predictions
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset
from fairprog_core.explain import changed_rows
from fairprog_core.explain.live.request import TextScores
from fairprog_core.results.changed_examples import (
    SCHEMA,
    ChangedExample,
    ChangedExamples,
    ScoredText,
    write_examples,
)
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import base_file

LARGE = 320  # pixels; a picture is about 290 wide on a page, and twice as sharp on some screens
DIGITS = 4


def make(folder: Path, home: Home) -> ChangedExamples:
    """The examples of the curve that the page Start shows of a study.

    Args:
        folder: of the study.
        home: where the data set may keep its rows.
    """
    result = Result.open(folder)
    curve = chosen_curve(result)
    if curve is None or curve.chosen_lam is None:
        raise SystemExit(f"{folder} has no trigger with a chosen λ; train one.")
    options = result.study["dataset"]
    assert isinstance(options, dict)
    dataset = build(DATASETS, DATASETS[str(options["kind"])].options.parse(options), home)
    points = {point.lam: point for point in result.points_of(curve)}
    base = result.predictions(result.base)
    stops = [base, *(result.predictions(points[lam]) for lam in curve.lams)]
    at_chosen = stops[1 + curve.lams.index(curve.chosen_lam)]
    chosen = changed_rows.choose(
        base.y_pred == base.y, at_chosen.y_pred == base.y, base.y, base.z,
        evidence=dataset.evidence("test"), first=worst_cell(result),
    )  # fmt: skip
    rows: list[ChangedExample] = [
        {
            "row": row, "y": int(base.y[row]), "z": int(base.z[row]), "is_gain": is_gain,
            "y_pred": [int(stop.y_pred[row]) for stop in stops],
        }
        for row, is_gain in zip(chosen.rows, chosen.is_gain, strict=True)
    ]  # fmt: skip
    if dataset.modality == "image":
        _add_pictures(rows, curve, dataset)
    else:
        _add_texts(rows, result, stops, dataset)
    return {
        "schema": SCHEMA, "curve": curve.key, "lams": list(curve.lams), "n_weights": _n_weights(result),
        "n_gained": chosen.n_gained, "n_lost": chosen.n_lost, "rows": rows,
        "sentences": _sentences(result, curve) if dataset.modality == "text" else [],
    }  # fmt: skip


def _n_weights(result: Result) -> int:
    return sum(weight.numel() for weight in result.base_classifier().parameters())


def _add_pictures(rows: list[ChangedExample], curve: Curve, dataset: Dataset) -> None:
    """Draw every row large, and keep what the classifier gets without and with the trigger at the chosen λ."""
    import torch

    from fairprog_core.classifiers.image import to_pixels
    from fairprog_core.triggers.base import load_trigger

    trigger = load_trigger(curve.artifact).requires_grad_(False).eval()
    numbers = [row["row"] for row in rows]
    seen = np.array(dataset.split("test").x[numbers])
    with torch.inference_mode():
        framed = trigger(to_pixels(seen, torch.device("cpu")), curve.chosen_lam).permute(0, 2, 3, 1).numpy()
    large = dataset.drawn_large("test", numbers, LARGE)
    for i, row in enumerate(rows):
        row["large"] = None if large is None else _webp(large[i])
        row["seen"], row["framed"] = _exact(seen[i]), _exact((framed[i].clip(0, 1) * 255 + 0.5).astype(np.uint8))


def _add_texts(rows: list[ChangedExample], result: Result, stops: list[Predictions], dataset: Dataset) -> None:
    texts = dataset.split("test").x
    controls = [point for point in result.points if point.method == "random_words"]
    control = result.predictions(controls[0]) if controls else None
    for row in rows:
        i = row["row"]
        row["scores"] = {
            "text": str(texts[i]),
            "probabilities": [_probability(stop.logits, i) for stop in stops],
            "control": _probability(control.logits, i) if control else None,
        }


def _probability(logits: NDArray[np.float32] | None, i: int) -> float:
    """P(the last label) of row i."""
    if logits is None:
        raise SystemExit("The study keeps no logits of its texts.")
    return _share(logits[i].astype(np.float64))


def _share(logits: Floats) -> float:
    odds = np.exp(logits - logits.max())
    return round(float(odds[-1] / odds.sum()), DIGITS)


def _sentences(result: Result, curve: Curve) -> list[ScoredText]:
    """The sentences that the page offers, scored as a typed one is."""
    from fairprog_core.explain.live.scores import answer

    found: list[ScoredText] = []
    for text in SENTENCES:
        scores = answer(TextScores(text, base_file(result.folder), curve.artifact, tuple(curve.lams)))
        logits = [scores["logits_without"], *scores["logits"]]
        found.append({
            "text": text, "probabilities": [_share(each.astype(np.float64)) for each in logits],
            "control": _share(scores["logits_random_words"].astype(np.float64)),
        })  # fmt: skip
    return found


def _webp(pixels: NDArray[np.uint8]) -> str:
    return _uri(pixels, "webp", quality=82, method=6)


def _exact(pixels: NDArray[np.uint8]) -> str:
    return _uri(pixels, "webp", lossless=True, quality=100, method=6)


def _uri(pixels: NDArray[np.uint8], kind: str, **options: object) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(write_examples(Path(name), make(Path(name), Home.find())))
