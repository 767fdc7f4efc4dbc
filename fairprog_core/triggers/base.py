"""A trigger over λ: anchors along λ, and the trigger interpolated between them.

δ(λ) = w₀ + Σ_j h_j(log(1 + λ/unit)) · w_j, with hat functions h_j on the anchors' λ. One
set of weights therefore holds the trigger of every λ. A λ sees few rows of a batch; anchors that are kept on a line
over the scale learn from the rows of all λ, and the curve is less noisy.

Source: the trigger is the paper's δ (section 3.2); learning it for all λ at once is ours.

Notation: k rows, a anchors, c×h×w image, s image side.
"""

import copy
import json
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from safetensors.torch import save_file
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.errors import ArtifactError, ConfigError
from fairprog_core.common.files.json_values import damaged, parse_header
from fairprog_core.common.files.model_file import OptionsHeader, do_not_fit, fill, options_of, read_module, wrong_shape
from fairprog_core.common.home import replacing
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.lam_scale import LamScale, spread_anchor_lams

FORMAT = "fairprog.trigger/1"
REMEDY = "take the file from where it was made, or train the trigger again"


def _ascending(lams: list[float]) -> list[float]:
    if any(second <= first for first, second in pairwise(lams)):
        raise ValueError("must be in ascending order, without repeats")
    return lams


Lam = Annotated[float, Field(ge=0, le=1e9)]


class TriggerHeader(OptionsHeader):
    """The description in a trigger's file.

    Attributes:
        knots: λ of the anchors.
        seed: of the untrained values.
    """

    knots: Annotated[list[Lam], Field(min_length=1), AfterValidator(_ascending)]
    seed: int = Field(ge=0, lt=2**31)

    @property
    def input_spec(self) -> dict[str, int]:
        """What the trigger was made for: the fields that a modality adds."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in TriggerHeader.model_fields}


class Trigger(nn.Module):
    """A learned input-agnostic change of every input, for every λ.

    Subclasses say what the learned values mean: `shape` of one trigger and `apply_values`.
    """

    header: ClassVar[type[TriggerHeader]] = TriggerHeader

    @classmethod
    def shape_for(cls, options: Any, **input_spec: int) -> tuple[int, ...]:
        """Shape of the learned values of one trigger, before any of them are made."""
        blank = cls.__new__(cls)
        nn.Module.__init__(blank)
        blank.options, blank.input_spec = options, input_spec
        return blank.shape()

    @classmethod
    def anchor_lams(cls, options: Any, *, low: float, high: float, grid: Sequence[float]) -> tuple[float, ...]:
        """λ of the anchors of a trigger that is to cover low … high and be reported at the λ of ``grid``.

        What lies below low is learned only where something there is reported: rows spent on it are missing elsewhere.
        """
        return spread_anchor_lams(low, high, options.anchors, has_zero=min(grid) < low)

    def __init__(
        self, options: Any, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        """Draw the untrained trigger, the same for every λ.

        Args:
            options: of the trigger's kind.
            anchor_lams: λ of the anchors, ascending.
            seed: of the untrained values.
            input_spec: what the classifier takes, e.g. its ``image_size`` (``Classifier.input_spec``).
        """
        super().__init__()
        self.options, self.input_spec, self.seed = options, input_spec, seed
        self.scale = LamScale(anchor_lams)
        generator = torch.Generator().manual_seed(seed)
        shape = self.shape()
        self.shared = nn.Parameter(torch.randn(shape, generator=generator))
        self.anchors = nn.Parameter(torch.zeros(len(self.scale.anchor_lams), *shape))
        self.about: dict[str, Any] = {}

    @property
    def is_searched(self) -> bool:
        """Whether it is made of parts that are tried out, so that no gradient leads from one to the next."""
        return False

    @property
    def n_parameters(self) -> int:
        """How many learned numbers one λ uses."""
        return self.shared.numel()

    def at_step(self, step: int) -> None:
        """Told before every step of a training; a trigger that draws while it learns follows (seed, step)."""

    @torch.no_grad()
    def straighten(self) -> None:
        """Move the anchors onto a line over the scale; up to two lie on one anyway."""
        if len(self.scale.anchor_lams) > 2:
            self.anchors.copy_(self.scale.on_line(self.anchors))

    def cache_key(self, lam: float) -> Hashable:
        """The same for two λ only where the trigger is."""
        return lam

    def shape(self) -> tuple[int, ...]:
        """Shape of the learned values of one trigger; follows from its options and from what it was made for."""
        raise NotImplementedError

    def invalid_value(self) -> str | None:
        """What is wrong with the values that were read from a file, besides their shapes; None: nothing."""
        return None

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        """Put l triggers (l, *shape) on inputs x (l, k/l, 3, s, s), one on each first index."""
        raise NotImplementedError

    def values(self, lam: float | Tensor) -> Tensor:
        """The learned values of λ, a number or (k,) -> (k, *shape)."""
        lams = torch.as_tensor(lam, dtype=torch.float64).reshape(-1)
        interpolation_weights = self.scale.interpolation_weights(lams).to(self.anchors)
        interpolated: Tensor = torch.tensordot(interpolation_weights, self.anchors, dims=1)
        return self.shared + interpolated

    def forward(self, x: Any, lam: float | Tensor) -> Any:
        """Put the trigger on inputs.

        Args:
            x: (k, 3, s, s) in [0, 1].
            lam: a number; or (l,) with l dividing k: the first k/l rows get the first λ, and so on.

        Returns:
            (k, 3, s, s).
        """
        values = self.values(lam)  # (l, *shape)
        return self.apply_values(x.reshape(len(values), -1, *x.shape[1:]), values).flatten(0, 1)

    def apply_each(self, x: Any, lams: Sequence[float]) -> Iterator[Any]:
        """Put the trigger of each λ in turn on the same inputs; what does not depend on λ is computed once."""
        return (self(x, lam) for lam in lams)

    def wrap(self, classifier: Classifier, *, lam: float) -> "ReprogrammedClassifier":
        """The classifier behind this trigger at one λ, as a module from inputs to logits.

        Raises:
            ConfigError: they do not fit together.
        """
        return ReprogrammedClassifier(self.attach_to(classifier), classifier, lam)

    def attach_to(self, classifier: Classifier) -> Self:
        """This trigger, once it knows what it needs of the classifier behind it.

        Raises:
            ConfigError: it was made for inputs of another size.
        """
        if classifier.input_spec != self.input_spec:
            raise ConfigError(
                f"The trigger was made for {describe_input_spec(self.input_spec)}, the classifier takes "
                f"{describe_input_spec(classifier.input_spec)}; use the classifier that the trigger was learned on."
            )
        return self

    def untrained(self) -> Self:
        """The trigger as it started, the control of every claim."""
        fresh = copy.deepcopy(self)
        with torch.no_grad():
            fresh.shared.copy_(torch.randn(self.shape(), generator=torch.Generator().manual_seed(self.seed)))
            fresh.anchors.zero_()
        return fresh

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """Triggers learned one by one, each for its own single λ, as one trigger with an anchor at each.

        Args:
            parts: in ascending order of their λ; same options, size and seed.
        """
        whole = cls(
            parts[0].options,
            anchor_lams=[p.scale.anchor_lams[0] for p in parts],
            seed=parts[0].seed,
            **parts[0].input_spec,
        )
        with torch.no_grad():
            for anchor, part in zip(whole.anchors, parts, strict=True):
                anchor.copy_(part.values(part.scale.anchor_lams[0])[0] - whole.shared)
        return whole

    def save(self, path: Path, **about: Any) -> None:
        """Write the learned values and their description as one ``.safetensors`` file.

        Args:
            path: where to.
            about: JSON values: classifier and data hash, metrics, versions, λ to quote.
        """
        header = {
            "format": FORMAT,
            "options": self.options.to_json(),
            **self.input_spec,
            "knots": list(self.scale.anchor_lams),
            "seed": self.seed,
            **about,
        }
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}
        with replacing(path) as part:
            save_file(tensors, part, {"fairprog": json.dumps(header)})


class ReprogrammedClassifier(nn.Module):
    """A frozen classifier behind a trigger at one λ: inputs in, logits out."""

    def __init__(self, trigger: Trigger, classifier: Classifier, lam: float) -> None:
        super().__init__()
        self.trigger, self.classifier, self.lam = trigger, classifier, lam

    @property
    def device(self) -> torch.device:
        """Where the classifier lies."""
        return self.classifier.device

    @property
    def cam_layer(self) -> nn.Module:
        """The classifier's layer that Grad-CAM looks at."""
        layer: nn.Module = self.classifier.cam_layer  # type: ignore[assignment]
        return layer

    def reading_order(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """The classifier's own."""
        return self.classifier.reading_order(x)

    def to_input(self, x: NDArray[Any]) -> Any:
        """The classifier's own."""
        return self.classifier.to_input(x)

    def features(self, x: Any) -> Tensor:
        """The classifier's features of the triggered x."""
        return self.classifier.features(self.trigger(x, self.lam))

    def forward(self, x: Any) -> Tensor:
        logits: Tensor = self.classifier(self.trigger(x, self.lam))
        return logits

    def logits_at(self, x: Any, lams: Sequence[float]) -> Tensor:
        """The logits at each of l other λ: (k, l, c)."""
        return torch.stack([self.classifier(triggered) for triggered in self.trigger.apply_each(x, lams)], dim=1)


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
    values, about = read_module(path, format=FORMAT, noun="trigger", remedy=REMEDY)
    options = options_of(TRIGGERS, about, path=path, noun="trigger", remedy=REMEDY)
    implementation: type[Trigger] = TRIGGERS[options.kind].load()
    header = parse_header(implementation.header, about, path=path, remedy=REMEDY)
    shape = implementation.shape_for(options, **header.input_spec)
    expected = {"shared": shape, "anchors": (len(header.knots), *shape)}
    if reason := wrong_shape(values, expected):  # before anything as large as the description says is made
        raise ArtifactError(do_not_fit(path, reason, noun="trigger", values="values"))
    trigger = implementation(options, anchor_lams=header.knots, seed=header.seed, **header.input_spec)
    fill(trigger, values, path=path, noun="trigger", values="values")
    if reason := trigger.invalid_value():
        raise ArtifactError(damaged(path, reason, REMEDY))
    trigger.about = about
    return trigger


def describe_input_spec(input_spec: dict[str, int]) -> str:
    """{"image_size": 64} -> "image size 64"."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in input_spec.items())
