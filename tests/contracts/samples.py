"""One classifier of every kind, small, and rows for it: what the contracts are tried on."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.options import Modality
from fairprog_core.common.records import Front
from fairprog_core.data.base import Split
from tests.tiny_encoders import save_family
from tests.tiny_pictures import save_vit

SIZE = 32
_FOLDER = TemporaryDirectory()
TEXTS = (
    "the people next door are lovely",
    "no",
    "what a waste of time, all of it",
    "they sang, and then they left",
    "it is what it is",
    "nobody here asked you for an opinion on that",
)


def rows(modality: Modality, n: int = 80) -> Split:
    """n rows, evenly over two groups and two labels."""
    rng = np.random.default_rng(0)
    z, y = np.arange(n) % 2, (np.arange(n) // 2) % 2
    x = (
        rng.integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)
        if modality == "image"
        else np.array([TEXTS[i % len(TEXTS)] for i in range(n)], dtype=object)
    )
    return Split(x, y, z, np.full((2, 2), 0.25), False)


def front(hypervolume: float, lams: Sequence[float] = ()) -> Front:
    """A validation of some λ with a hypervolume; its other figures are the same at every λ."""
    n = len(lams)
    return Front(
        lam=list(lams), accuracy=[0.8] * n, gap=[0.2] * n, is_collapsed=[False] * n, loss_error=[0.01] * n,
        hypervolume=hypervolume, base_accuracy=0.9, base_gap=0.3, majority_accuracy=0.5,
    )  # fmt: skip


def make_classifier(kind: str, *, n_classes: int = 2, seed: int = 0, **options: Any) -> Classifier:
    """A classifier that was never trained on anything here."""
    torch.manual_seed(seed)
    entry = CLASSIFIERS[kind]
    if kind == "image_model":
        options = {"model": str(_vit(n_classes, seed)), **options}
    if kind == "black_box":
        options = {"function": "tests.contracts.samples:answers", **options}
    modality: Modality = entry.options.modality
    labels = tuple(map(str, range(n_classes)))
    made: Classifier = entry.load().new_for(entry.options(**options), labels=labels, split=rows(modality))
    return made


def answers(pictures: Any) -> Any:
    """A black box of three labels: the shares of red, green and blue."""
    light = pictures.mean((1, 2)) + 1
    return light / light.sum(1, keepdims=True)


def usual(modality: Modality, **options: Any) -> Classifier:
    """The classifier that triggers and methods of a modality are tried on; also takes ``n_classes`` and ``seed``."""
    return (
        make_classifier("residual_net", **options)
        if modality == "image"
        else make_classifier("encoder", model=str(_bert()), **options)
    )


@cache
def _bert() -> Path:
    """The folder of a tiny BERT; with the shipped encoder most of the time would go into loading it again."""
    return save_family("bert", Path(_FOLDER.name), max_position_embeddings=128)


@cache
def _vit(n_classes: int, seed: int) -> Path:
    """The folder of a tiny ViT."""
    return save_vit(Path(_FOLDER.name) / f"vit-{n_classes}-{seed}", tuple(map(str, range(n_classes))), seed=seed)


def as_tensor(x: Any) -> torch.Tensor:
    """What a trigger made of inputs: pixels, or the word vectors with zeros where no word stands."""
    return x if isinstance(x, torch.Tensor) else x.vectors * x.mask[..., None]


def inputs_of(classifier: Classifier, n: int = 4) -> Any:
    """n inputs of a classifier, the same each time."""
    split = classifier.prepare(rows(classifier.options.modality))  # type: ignore[attr-defined]
    return classifier.to_input(split.x[:n])
