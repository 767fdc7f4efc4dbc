"""A trigger over λ: anchors along λ, and the trigger interpolated between them.

δ(λ) = w₀ + Σ_j h_j(log(1 + λ/low)) · w_j, with hat functions h_j on anchors at λ = 0 and at
log-spaced values from low to high. One set of weights therefore holds the trigger of every λ.

Source: the trigger is the paper's δ (section 3.2); learning it for all λ at once is ours.

Notation: k rows, a anchors, c×h×w image, s image side.
"""

import copy
import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.errors import ArtifactError, ConfigError
from fairprog_core.home import replacing
from fairprog_core.options import Options
from fairprog_core.registry import build
from fairprog_core.triggers import TRIGGERS

FORMAT = "fairprog.trigger/1"


class LamScale:
    """Where a λ lies between the anchors.

    Attributes:
        low: smallest positive λ that is trained for.
        high: largest.
        knots: (a,) positions of the anchors on the scale log(1 + λ/low); the first is λ = 0.
    """

    def __init__(self, low: float, high: float, anchors: int) -> None:
        self.low, self.high = low, high
        lams = [0.0, *np.geomspace(low, high, anchors - 1)] if anchors > 2 else [0.0, high][:anchors]
        self.knots = torch.log1p(torch.tensor(lams, dtype=torch.float64) / low)

    def position(self, lam: Tensor) -> Tensor:
        """λ (k,) in 0 … high -> position (k,) on the scale; beyond high is high."""
        return torch.log1p(lam.to("cpu", torch.float64).clamp(0, self.high) / self.low)

    def lam(self, position: Tensor) -> Tensor:
        """The inverse of `position`."""
        return torch.expm1(position) * self.low

    def hats(self, lam: Tensor) -> Tensor:
        """λ (k,) -> weights (k, a) of the anchors, each row sums to one."""
        if len(self.knots) == 1:
            return torch.ones(len(lam), 1)
        x = self.position(lam)
        right = torch.searchsorted(self.knots, x.contiguous(), right=True).clamp(1, len(self.knots) - 1)
        share = (x - self.knots[right - 1]) / (self.knots[right] - self.knots[right - 1])
        weights = torch.zeros(len(lam), len(self.knots), dtype=torch.float64)
        rows = torch.arange(len(lam))
        weights[rows, right - 1] = 1 - share
        weights[rows, right] = share
        return weights.float()


class Trigger(nn.Module):
    """A learned input-agnostic change of every input, for every λ.

    Subclasses say what the learned values mean: `shape` of one trigger, `apply` and `place`.
    """

    def __init__(
        self, options: Any, *, image_size: int, low: float = 0.3, high: float = 30.0, anchors: int | None = None, seed: int = 0
    ) -> None:
        """Draw the untrained trigger.

        Args:
            options: of the trigger's kind.
            image_size: s.
            low: smallest positive λ; below it the trigger is interpolated towards λ = 0.
            high: largest λ.
            anchors: overrides the options; 1 makes a trigger that is the same for every λ.
            seed: of the untrained values.
        """
        super().__init__()
        self.options, self.image_size, self.seed = options, image_size, seed
        self.scale = LamScale(low, high, anchors or options.anchors)
        generator = torch.Generator().manual_seed(seed)
        shape = self.shape()
        self.shared = nn.Parameter(torch.randn(shape, generator=generator))
        self.anchors = nn.Parameter(torch.zeros(len(self.scale.knots), *shape))
        self.about: dict[str, Any] = {}

    def shape(self) -> tuple[int, ...]:
        """Shape of the learned values of one trigger."""
        raise NotImplementedError

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        """Put triggers (k, *shape) on inputs x (k, 3, s, s)."""
        raise NotImplementedError

    def values(self, lam: float | Tensor) -> Tensor:
        """The learned values of λ, a number or (k,) -> (k, *shape)."""
        lams = torch.as_tensor(lam, dtype=torch.float64).reshape(-1)
        hats = self.scale.hats(lams).to(self.anchors)
        return self.shared + torch.tensordot(hats, self.anchors, dims=1)

    def forward(self, x: Tensor, lam: float | Tensor) -> Tensor:
        """x (k, 3, s, s) in [0, 1] with the trigger of λ (a number, or (g,) with g dividing k: the
        first k/g rows get the first λ, and so on).
        """
        values = self.values(lam)  # (g, *shape)
        return self.apply_values(x, values.repeat_interleave(len(x) // len(values), 0) if len(values) > 1 else values)

    def wrap(self, classifier: Classifier, *, lam: float) -> "Wrapped":
        """The classifier behind this trigger at one λ, as a module from photos to logits."""
        if classifier.image_size != self.image_size:
            raise ConfigError(
                f"The trigger was made for pictures of {self.image_size} pixels, the classifier takes "
                f"{classifier.image_size}; use the classifier that the trigger was learned on."
            )
        return Wrapped(self, classifier, lam)

    def untrained(self) -> Self:
        """The trigger as it started, the control of every claim."""
        fresh = copy.deepcopy(self)
        with torch.no_grad():
            fresh.shared.copy_(torch.randn(self.shape(), generator=torch.Generator().manual_seed(self.seed)))
            fresh.anchors.zero_()
        return fresh

    def save(self, path: Path, **about: Any) -> None:
        """Write the learned values and their description as one ``.safetensors`` file.

        Args:
            path: where to.
            about: JSON values: classifier and data hash, metrics, versions, λ to quote.
        """
        header = {
            "format": FORMAT,
            "options": self.options.to_json(),
            "image_size": self.image_size,
            "low": self.scale.low,
            "high": self.scale.high,
            "anchors": len(self.scale.knots),
            "seed": self.seed,
            **about,
        }
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}
        with replacing(path) as part:
            save_file(tensors, part, {"fairprog": json.dumps(header)})


class Wrapped(nn.Module):
    """A frozen classifier behind a trigger at one λ: photos in, logits out."""

    def __init__(self, trigger: Trigger, classifier: Classifier, lam: float) -> None:
        super().__init__()
        self.trigger, self.classifier, self.lam = trigger, classifier, lam

    @property
    def cam_layer(self) -> nn.Module:
        """The classifier's layer that Grad-CAM looks at."""
        return self.classifier.cam_layer

    def features(self, x: Tensor) -> Tensor:
        """The classifier's features of the triggered x."""
        return self.classifier.features(self.trigger(x, self.lam))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.trigger(x, self.lam))
        return logits


def load_trigger(path: str | Path) -> Trigger:
    """Read a trigger file.

    Returns:
        The trigger for every λ; ``.about`` holds the file's description.

    Raises:
        ArtifactError: the file is missing, damaged or not a trigger of fairprog.
    """
    path = Path(path)
    if not path.is_file():
        raise ArtifactError(f"No trigger at {path}: give the .safetensors file that a run or the dashboard wrote.")
    options: Options
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("fairprog", "{}"))
            values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is no readable safetensors file ({error}); download it again.") from error
    if header.get("format") != FORMAT:
        found = header.get("format", "no description")
        raise ArtifactError(f"{path} holds {found}, not {FORMAT}; give a trigger written by fairprog.")
    options = TRIGGERS[header["options"]["kind"]].options.parse(header["options"], where=str(path))
    keys = ("image_size", "low", "high", "anchors", "seed")
    trigger: Trigger = build(TRIGGERS, options, **{key: header[key] for key in keys})
    trigger.load_state_dict(values)
    trigger.about = header
    return trigger
