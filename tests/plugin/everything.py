"""A plug-in in one file: trigger, data set, classifier, method and metric; torch is imported where it is used."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field

from fairprog_core import classifiers, data, methods, triggers
from fairprog_core.common.options import digest_of
from fairprog_core.common.registry import Entry
from fairprog_core.common.types import Floats, Groups
from fairprog_core.data.base import Dataset, Split, SplitName, found_cell_share
from fairprog_core.data.random_streams import stream_key
from fairprog_core.metrics import fairness


class CrossOptions(triggers.ImageTriggerOptions):
    """A learned cross over the middle of the picture."""

    kind: Literal["cross"] = "cross"
    title = "Cross"
    lam = triggers.TriggerOptions.lam | {"equalized_odds": triggers.BorderOptions.lam["equalized_odds"]}
    width: int = Field(2, ge=1, le=8, title="Width", description="Of its lines, in pixels.")


def cross() -> type:
    import torch

    from fairprog_core.triggers.image import ImageTrigger

    class Cross(ImageTrigger):
        """Two learned lines through the middle."""

        options: CrossOptions

        def mask(self) -> torch.Tensor:
            mask = torch.zeros(self.image_size, self.image_size, dtype=torch.bool)
            start = (self.image_size - self.options.width) // 2
            mask[start : start + self.options.width] = mask[:, start : start + self.options.width] = True
            return mask

    return Cross


class ShadesOptions(data.DatasetOptions):
    """Shades: is the picture bright? Correlated with its colour."""

    kind: Literal["shades"] = "shades"
    title = "Shades"
    n: int = Field(128, ge=64, le=10_000, title="Rows", description="Of every split.")


class Shades(Dataset):
    """Noise on a plain ground, made now.

    Input: 32 × 32 pixels.
    Label: whether the ground is bright.
    Sensitive attribute: whether it is reddish; bright in 3 of 4 red and in 1 of 4 other pictures.
    Licence: none needed.
    """

    modality = "image"
    labels = ("dark", "bright")
    groups = Groups.exclusive("red", "blue")

    def prepare_split(self, name: SplitName) -> Iterator[tuple[int, int]]:
        return iter(())  # nothing is cached

    def split(self, name: SplitName) -> Split:
        rng = np.random.default_rng(stream_key("shades", name))
        z = np.arange(self.options.n) % 2
        y = (rng.random(len(z)) < np.array([0.75, 0.25])[z]).astype(np.int64)
        ground = 110 + 30 * y + rng.normal(0, 20, len(z))
        x = rng.normal(ground[:, None, None, None], 25, (len(z), 32, 32, 3))
        x[..., 0] += 25 * (z == 0)[:, None, None]
        return Split(x.clip(0, 255).astype(np.uint8), y, z, found_cell_share(y, z, 2, 2), False)

    def split_digest(self, name: SplitName) -> str:
        return digest_of({"shades": self.options.n, "split": name})


class DotOptions(classifiers.ImageClassifierOptions):
    """One convolution, mean and maximum of its maps, one linear layer."""

    kind: Literal["dot"] = "dot"
    title = "Dot net"
    learning_rate: float = Field(0.03, gt=0, le=1, title="Learning rate", description="AdamW.")


def dot() -> type:
    import torch
    from torch import Tensor, nn

    from fairprog_core.classifiers.image import ImageClassifier

    class Dot(ImageClassifier):
        """One convolution."""

        def __init__(self, options: DotOptions, *, n_classes: int, image_size: int) -> None:
            super().__init__(options, n_classes=n_classes, image_size=image_size)
            self.maps, self.linear = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU()), nn.Linear(8, n_classes)

        @property
        def cam_layer(self) -> nn.Module:
            return self.maps

        @property
        def head(self) -> nn.Module:
            return self.linear

        def features(self, x: Tensor) -> Tensor:
            maps = self.maps(x * 4 - 2)
            return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)

    return Dot


class FadeOptions(methods.MethodOptions):
    """Shrink the logits' weights towards zero; λ is how far."""

    kind: Literal["fade"] = "fade"
    title = "Faded weights"
    modalities = ("image",)
    lam = methods.STRENGTH_LAM
    needs = methods.Needs(weights="last layer", parameters="one number")


def fade() -> type:
    from torch import Tensor

    from fairprog_core.methods.closed_form import LinearHead, LinearHeadMethod

    class Fade(LinearHeadMethod):
        """The base's last layer with (1 − λ/2) of its weights."""

        n_parameters = 1

        def solve(self, features: Tensor) -> list[LinearHead]:
            return [LinearHead(self.base.weight * (1 - lam / 2), self.base.bias) for lam in self.context.lam.grid]

    return Fade


def accuracy_gap(rates: fairness.Rates) -> Floats:
    """max_g − min_g of the accuracy within a group."""
    of_group = rates.accuracy[..., 1:]
    return np.asarray(of_group.max(-1) - of_group.min(-1))


triggers.register("cross", Entry(CrossOptions, cross))
data.register("shades", Entry(ShadesOptions, f"{__name__}:Shades"))
classifiers.register("dot", Entry(DotOptions, dot))
methods.register("fade", Entry(FadeOptions, fade))
fairness.register("accuracy_gap", fairness.Metric(accuracy_gap, "groups", is_gap=True, title="Accuracy gap"))

STUDY: Mapping[str, Any] = {
    "name": "everything",
    "dataset": {"kind": "shades"},
    "classifier": {"kind": "dot", "source": "train", "epochs": 12, "batch_size": 32},
    "methods": [{"kind": "reprogram", "per_cell": 2}, {"kind": "fade"}],
    "triggers": [{"kind": "cross"}],
    "lam": {
        "low": 0.3,
        "high": 8.0,
        "grid": [0.0, 4.0],
        "per": {"fade": {"low": 0.2, "high": 1.0, "grid": [0.0, 1.0]}},
    },
    "budget": {"steps": 4, "validate_every": 2},
    "explain": {"gallery": 4, "rows": 24, "probe": False},
    "device": "cpu",
    "threads": 1,
}
