"""A made-up finished run on comments: real files in the agreed layout, but nothing was trained."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.home import Home
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data import CommentsOptions
from fairprog_core.data.comments.dataset import Comments
from fairprog_core.data.identity_words import IDENTITY_WORDS
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.report import majority_accuracy, report
from fairprog_core.results.gallery_file import Gallery, write_gallery
from fairprog_core.results.predictions_file import write_predictions
from fairprog_core.results.result import SCHEMA, Result
from fairprog_core.study import Study

KEY = "reprogram-soft-equalized_odds-s0"
LAMS = (0.0, 0.5, 1.0, 2.0, 5.0)
CHOSEN = 2.0
GROUPS = Groups.exclusive("christian", "muslim", "other")
LABELS = ("not toxic", "toxic")
CONTROLS = ("random_words", "neutral_words")
GAP = "average_abs_odds_difference"
TRIGGER = {
    "lam": [["parish", "easter", "vicar", "calm", f"word{j}"] for j in range(len(LAMS))],
    "random_words": ["seven", "river", "until", "<b>bold</b>", "spoon"],
    "neutral_words": ["it", "is", "what", "it", "is"],
}
ODD = (
    "<img src=x onerror=alert(1)> <script>alert(2)</script> **bold** [link](http://outside.invalid) $x$ :red[no]",
    "هذا تعليق عن الجيران في المدينة",
    "🙂 👩\u200d👧 fine 🙂",
    "x" * 10_000,
    " ".join(["long"] * 2_000),
    "",
    "null\0byte and \u202eturned\u202c around",
)
"""Texts that must do no harm: markup, right to left, emoji, one long word, many words, nothing, control characters."""


def write_run(folder: Path, home: Home, *, name: str = "comments", n: int = 12, odd: Sequence[str] = ODD) -> Path:
    """Write the whole artifact folder.

    Args:
        folder: where it goes.
        home: for the data set, whose cache stays empty.
        name: of the study.
        n: ordinary sentences in the gallery; the odd ones come after them.
        odd: further sentences.
    """
    study = Study.parse({"name": name, "dataset": {"kind": "comments"}, "lam": {"grid": LAMS}})
    rng = np.random.default_rng(0)
    base = _predictions(rng, gap=0.9)
    points = [
        *(_point(folder, rng, base, "reprogram", lam, gap=0.8 / (1 + lam)) for lam in LAMS),
        *(_point(folder, rng, base, control, None, gap=0.85) for control in CONTROLS),
    ]
    file = folder / "base" / "predictions.parquet"
    write_predictions(file, base, groups=GROUPS, labels=LABELS)
    for path in (folder / "base" / "classifier.safetensors", folder / "curves" / KEY / "trigger.safetensors"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not really")
    write_gallery(folder / "curves" / KEY / "gallery.safetensors", gallery(home, n=n, odd=odd))
    base_point = report(base, groups=GROUPS, labels=LABELS, method="base", draws=100, artifacts=_named(folder, file))
    Result.from_json({
        "schema": SCHEMA, "study": study.to_json(), "environment": {}, "seconds": {}, "complete": True,
        "majority_accuracy": majority_accuracy(base, n_classes=2), "labels": list(LABELS),
        "groups": list(GROUPS.names), "base": base_point.to_json(), "points": [point.to_json() for point in points],
        "curves": [_curve(folder)],
    }, folder=folder).save()  # fmt: skip
    return folder


def gallery(home: Home, *, n: int = 12, odd: Sequence[str] = ODD) -> Gallery:
    """The gallery of the run: identity words add to toxic, less so the larger λ; every other value is small."""
    examples = Comments(CommentsOptions(), home).examples(n)
    texts = [[word[:400] for word in text.split()][:400] for text in [*(each.x for each in examples), *odd]]
    y = np.array([*(LABELS.index(each.label) for each in examples), *(0 for _ in odd)])
    z = np.array([*(GROUPS.names.index(each.groups[0]) for each in examples), *(i % 3 for i, _ in enumerate(odd))])
    is_cut = [len(text) > 400 or any(len(w) > 400 for w in text.split()) for text in ["" for _ in examples] + list(odd)]
    return explained(texts, y, z, is_cut)


def explained(
    texts: Sequence[Sequence[str]], y: NDArray[Any], z: NDArray[Any], is_cut: Sequence[bool]
) -> Gallery:  # fmt: skip
    """Sentences with made-up attributions, in the layout that the library writes."""
    rng = np.random.default_rng(1)
    m, k, lams = len(texts), 5, len(LAMS)
    words = [word for text in texts for word in text]
    names = frozenset().union(*IDENTITY_WORDS.values())
    is_identity = np.array([word.lower().strip(".,;") in names for word in words], dtype=np.uint8)
    noise = rng.normal(0, 0.15, len(words))
    ig_without = (noise + 1.2 * is_identity).astype(np.float32)
    arrays: dict[str, NDArray[Any]] = {
        "row": np.arange(m), "y": y, "z": z, "lams": np.array(LAMS),
        "first": np.cumsum([0, *(len(text) for text in texts)]), "is_identity": is_identity,
        "ig": np.stack([noise + 1.2 * is_identity / (1 + lam) for lam in LAMS], 1).astype(np.float32),
        "ig_without": ig_without, "ig_trigger": rng.normal(0, 0.3, (m, lams, k)).astype(np.float32),
    }  # fmt: skip
    logit = rng.normal(0, 2, m)
    arrays |= _of("logits", np.stack([np.zeros(m), logit], 1), lams, factor=0.6)
    arrays |= _of("ig_delta", np.full(m, 0.004), lams) | _of("ig_steps", np.full(m, 32), lams)
    arrays |= _of("ig_converged", np.ones(m, dtype=np.uint8), lams)
    for control in CONTROLS:
        arrays |= {f"ig_{control}": ig_without, f"ig_trigger_{control}": np.zeros((m, k), np.float32)}
    arrays["ig_converged"][0, -1] = 0
    arrays["ig_delta"][0, -1] = 0.034
    arrays["ig_steps"][0, -1] = 512
    about = {
        "labels": list(LABELS), "groups": list(GROUPS.names), "criterion": "equalized_odds", "trigger": "soft",
        "ig_steps": 32, "ig_max_steps": 512, "ig_tolerance": 0.01,
        "ig_baseline": "[PAD] in the place of every word, [CLS] and [SEP] kept",
        "picked": "Evenly over group and label.", "texts": [list(text) for text in texts],
        "is_cut": [bool(cut) for cut in is_cut], "trigger_words": TRIGGER, "is_nearest": True, "position": "start",
    }  # fmt: skip
    return Gallery(arrays, about)


def copy_of(folder: Path, home: Home, run: str) -> Path:
    """The made-up run as a run of a home."""
    return Path(shutil.copytree(folder, home.run(run)))


def _of(name: str, values: NDArray[Any], lams: int, factor: float = 1.0) -> dict[str, NDArray[Any]]:
    """The same values under every condition; with the trigger each λ multiplies by ``factor`` once more."""
    along = [values * np.asarray(factor**j, dtype=values.dtype) if factor != 1 else values for j in range(lams)]
    same = {f"{name}_{condition}": values.copy() for condition in ("without", *CONTROLS)}
    return {name: np.stack(along, axis=1), **same}


def _predictions(rng: np.random.Generator, *, gap: float, n: int = 600) -> Predictions:
    row = np.arange(n)
    z, y = row // 2 % 3, row % 2
    logit = 2.2 * (2 * y - 1) + gap * (z - 1) + np.random.default_rng(5).normal(0, 1.8, n) + rng.normal(0, 0.3, n)
    logits = np.stack([np.zeros(n), logit], 1).astype(np.float32)
    return Predictions(logits, logits.argmax(1).astype(np.int64), y, z, np.ones(n), row, True)


def _point(
    folder: Path, rng: np.random.Generator, base: Predictions, method: str, lam: float | None, *, gap: float
) -> Point:  # fmt: skip
    found = _predictions(rng, gap=gap)
    file = folder / "curves" / KEY / f"{method if lam is None else f'lam-{lam:g}'}.parquet"
    write_predictions(file, found, groups=GROUPS, labels=LABELS)
    return report(
        found, groups=GROUPS, labels=LABELS, base=base, method=method, trigger="soft", criterion="equalized_odds",
        lam=lam, seed=0, draws=100, artifacts=_named(folder, file),
    )  # fmt: skip


def _named(folder: Path, file: Path) -> dict[str, str]:
    return {"predictions": f"runs/{folder.name}/{file.relative_to(folder).as_posix()}"}


def _mean(value: float) -> dict[str, Any]:
    return {"value": value, "ci": [value - 0.05, value + 0.05], "n": 120}


def _along(start: float, end: float) -> dict[str, Any]:
    """A mean by condition: as without a trigger under the controls, then falling with λ."""
    same = {name: _mean(start) for name in ("without", *CONTROLS)}
    return same | {"lam": [_mean(start + (end - start) * j / (len(LAMS) - 1)) for j in range(len(LAMS))]}


def _curve(folder: Path) -> dict[str, Any]:
    groups = list(GROUPS.names)
    readers = [
        {
            "name": name, "init": init, "accuracy": 0.9, "accuracy_ci": [0.87, 0.93], "n": 120,
            "probability": {"empty": {
                **{condition: [0.3, 0.3, 0.4] for condition in ("without", *CONTROLS)},
                "lam": [[0.3 + 0.1 * j * sign, 0.3, 0.4 - 0.1 * j * sign] for j in range(len(LAMS))],
            }},
        }
        for name, init, sign in (("pretrained, seed 1", "seed 1", 0.5), ("weights of the base", "base weights", 1.0))
    ]  # fmt: skip
    return {
        "key": KEY, "method": "reprogram", "trigger": "soft", "criterion": "equalized_odds", "seed": 0, "gap": GAP,
        "lams": list(LAMS), "hypervolume": 0.02, "chosen_lam": CHOSEN, "validation": None,
        "artifact": f"runs/{folder.name}/curves/{KEY}/trigger.safetensors", "seconds": 1.0, "steps": 60,
        "explain": {
            "lams": list(LAMS), "regions": ["identity words"], "rows": 120, "ig_identity_share": _along(0.31, 0.08),
            "twins": {
                "names": ["christian", "muslim"], "logit_difference": _along(-1.6, -0.2),
                "flip_share": _along(0.22, 0.04),
            },
        },
        "probe": {
            "lams": list(LAMS), "groups": groups, "nulls": ["empty"], "classifiers": readers,
            "reading": _along(0.8, 0.55) | {"chance": 1 / 3}, "reading_logits": None,
            "reading_fixed": _along(0.8, 0.5) | {"chance": 1 / 3},
        },
    }  # fmt: skip
