"""A trigger for every λ: it has values at anchors along λ and is interpolated between them.

δ(λ) = w₀ + Σ_j h_j(log(1 + λ/unit)) · w_j, with hat functions h_j at the λ of the anchors.
One set of weights therefore holds the trigger of every λ. Each λ gets only few rows of a batch; if the anchors are
kept on a line over the scale, each learns from the rows of all λ, and the curve is less noisy.

Source: the trigger is the paper's δ (section 3.2); learning all λ in one training is ours.

Notation: k rows, l λ-values, a anchors, c classes, d features, s image side.
"""

import copy
import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, overload

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier, Description, content_digest
from fairprog_core.common.errors import ArtifactError, ConfigError, ModelError, shorten, shown
from fairprog_core.common.files.destination import writing
from fairprog_core.common.files.json_values import damaged, parse_header
from fairprog_core.common.files.model_file import OptionsHeader, do_not_fit, fill, options_of, read_module, wrong_shape
from fairprog_core.common.files.tensor_file import save_tensors
from fairprog_core.common.home import is_file, user_path
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.lam_scale import LamScale, spread_anchor_lams
from fairprog_core.triggers.trigger_file import FILE, FORMAT, REMEDY


def _ascending(lams: list[float]) -> list[float]:
    if any(second <= first for first, second in pairwise(lams)):
        raise ValueError("must be in ascending order, without repeats")
    return lams


Lam = Annotated[float, Field(ge=0, le=1e9)]


class TriggerHeader(OptionsHeader):
    """The description in a trigger's file.

    Attributes:
        knots: λ of the anchors, ascending.
        seed: for the untrained values.
        chosen_lam: λ that was chosen on validation rows; None: the file does not say, as in early versions.
        weights: digest of the classifier that it was learned on, see `content_digest`; empty: the file does not say.
        max_length: longest text in tokens that the classifier read; None: the file does not say, or it reads pictures.
    """

    knots: Annotated[list[Lam], Field(min_length=1), AfterValidator(_ascending)]
    seed: int = Field(ge=0, lt=2**31)
    chosen_lam: Lam | None = None
    weights: str = Field("", max_length=64)
    max_length: int | None = Field(None, ge=1)

    @property
    def input_spec(self) -> dict[str, int]:
        """The inputs that the trigger fits: the header fields that a modality adds."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in TriggerHeader.model_fields}


class Trigger(nn.Module):
    """A learned change of the input, the same for every input, with values for every λ.

    Subclasses define the `shape` of one trigger's values and how they are applied (`apply_values`).

    Attributes:
        about: the description in its file; empty: it was not read from one.
        chosen_lam: as in `TriggerHeader`.
        weights: as in `TriggerHeader`.
        max_length: as in `TriggerHeader`.
    """

    header: ClassVar[type[TriggerHeader]] = TriggerHeader

    @classmethod
    def shape_for(cls, options: Any, **input_spec: int) -> tuple[int, ...]:
        """Shape of the learned values of one trigger, without allocating them."""
        blank = cls.__new__(cls)
        nn.Module.__init__(blank)
        blank.options, blank.input_spec = options, input_spec
        return blank.shape()

    @classmethod
    def anchor_lams(cls, options: Any, *, low: float, high: float, grid: Sequence[float]) -> tuple[float, ...]:
        """λ of the anchors of a trigger that covers low … high and is reported at the λ of ``grid``.

        λ below ``low`` get an anchor only if one of them is reported, as rows spent there are missing elsewhere.
        """
        return spread_anchor_lams(low, high, options.anchors, has_zero=min(grid) < low)

    def __init__(
        self, options: Any, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        """Draw the untrained values, the same for every λ.

        Args:
            options: options of this kind of trigger.
            anchor_lams: λ of the anchors, ascending.
            seed: for the untrained values.
            input_spec: size of the classifier's inputs, e.g. ``image_size`` (``Classifier.input_spec``).
        """
        super().__init__()
        self.options, self.input_spec, self.seed = options, input_spec, seed
        self.scale = LamScale(anchor_lams)
        generator = torch.Generator().manual_seed(seed)
        shape = self.shape()
        self.shared = nn.Parameter(torch.randn(shape, generator=generator))
        self.anchors = nn.Parameter(torch.zeros(len(self.scale.anchor_lams), *shape))
        self.about: Description = {}
        self.chosen_lam: float | None = None
        self.weights = ""
        self.max_length: int | None = None

    @property
    def is_searched(self) -> bool:
        """Whether it is found by a discrete search instead of gradient descent."""
        return False

    @property
    def n_parameters(self) -> int:
        """Number of learned values used at one λ."""
        return self.shared.numel()

    def at_step(self, step: int) -> None:
        """Called before every training step; a trigger that draws random numbers seeds them with (seed, step)."""

    @torch.no_grad()
    def straighten(self) -> None:
        """Project the anchors onto a line over the scale; up to two are on one already."""
        if len(self.scale.anchor_lams) > 2:
            self.anchors.copy_(self.scale.on_line(self.anchors))

    def cache_key(self, lam: float) -> Hashable:
        """Equal for two λ only if their triggers are equal."""
        return lam

    def shape(self) -> tuple[int, ...]:
        """Shape of the learned values of one trigger; depends on `options` and `input_spec` only."""
        raise NotImplementedError

    def invalid_value(self) -> str | None:
        """Why values read from a file are invalid, besides their shapes; None: they are valid."""
        return None

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        """Apply l triggers (l, *shape) to inputs x (l, k/l, 3, s, s), one per first index."""
        raise NotImplementedError

    def values(self, lam: float | Tensor) -> Tensor:
        """The learned values at λ: a number, (k,), or as weights (k, a) of the anchors -> (k, *shape)."""
        weights = lam if isinstance(lam, Tensor) and lam.ndim == 2 else self.anchor_weights(lam)
        interpolated: Tensor = torch.tensordot(weights.to(self.anchors), self.anchors, dims=1)
        return self.shared + interpolated

    def anchor_weights(self, lam: float | Tensor) -> Tensor:
        """The weights (k, a) of the anchors at λ, a number or (k,); on the host."""
        return self.scale.interpolation_weights(torch.as_tensor(lam, dtype=torch.float64).reshape(-1))

    def forward(self, x: Any, lam: float | Tensor) -> Any:
        """Apply the trigger to inputs.

        Args:
            x: (k, 3, s, s) in [0, 1], or k texts.
            lam: a number; or (l,) with l dividing k: the first k/l rows get the first λ, and so on; for a trigger that
                is interpolated also (l, a), the weights of the anchors at these λ.

        Returns:
            Inputs of the classifier: (k, 3, s, s), or k longer texts.
        """
        values = self.values(lam)  # (l, *shape)
        return self.apply_values(x.reshape(len(values), -1, *x.shape[1:]), values).flatten(0, 1)

    def features(self, classifier: Classifier, x: Any, lam: float | Tensor) -> Tensor:
        """The classifier's features (k, d) of inputs with the trigger, up to rounding those of `forward`'s output."""
        return classifier.features(self(x, lam))

    def logits(self, classifier: Classifier, x: Any, lam: float | Tensor) -> Tensor:
        """The classifier's logits (k, c) of inputs with the trigger, up to rounding those of `forward`'s output."""
        logits: Tensor = classifier(self(x, lam))
        return logits

    def at_each(self, classifier: Classifier, lams: Sequence[float]) -> Callable[[Any], Iterator[Tensor]]:
        """From inputs to their `logits` at each λ in turn.

        What depends on λ alone is computed once for all inputs, what depends on inputs alone once for all λ.
        """
        return lambda x: (self.logits(classifier, x, lam) for lam in lams)

    @overload
    def wrap(
        self, model: Classifier, *, lam: float | None = None, is_checked: bool = True
    ) -> "ReprogrammedClassifier": ...

    @overload
    def wrap(
        self,
        model: nn.Module,
        *,
        lam: float | None = None,
        is_checked: bool = True,
        tokenizer: Any = None,
        max_length: int | None = None,
        preprocess: Callable[[Tensor], Any] | None = None,
    ) -> nn.Module: ...

    def wrap(self, model: nn.Module, *, lam: float | None = None, is_checked: bool = True, **reading: Any) -> nn.Module:
        """A classifier with this trigger at one λ, as a module from inputs to logits.

        Inputs are pictures (k, 3, s, s) in [0, 1], or texts.

        Args:
            model: a classifier of fairprog; or your own module from pictures (k, 3, s, s) to logits; or a sequence
                classifier of Hugging Face, with its ``tokenizer``.
            lam: λ, for a trigger from a file in the range that it was trained for; None: the one that the file says was
                chosen on validation rows.
            is_checked: refuse a model whose weights are not those of the trigger's file, if it says which they are.
            reading: for models of your own: ``preprocess``, put between the picture with its trigger and the model; or
                ``tokenizer`` and ``max_length``.

        Raises:
            ConfigError: the trigger was made for inputs of another size, its file says no λ and none is given, or λ is
                outside of the trained range.
            ModelError: the model has other weights, or cannot be read.
        """
        at = self.lam_or_chosen(lam)
        if isinstance(model, Classifier):
            if self.weights and is_checked:
                self.check_weights(model.saved_digest())
            return self.before(model, at)
        if self.weights and is_checked:
            self.check_weights(content_digest(model.state_dict()))
        from fairprog_core.triggers.own_model import in_front_of  # brings transformers, for texts

        return in_front_of(self, model, at, **reading)

    def before(self, classifier: Classifier, lam: float) -> "ReprogrammedClassifier":
        """The classifier with this trigger, unchecked, as `wrap` gives it: of one in training, or of a control.

        Raises:
            ConfigError: the trigger was made for inputs of another size.
        """
        if self.shared.device != classifier.device:
            self.to(classifier.device)
        return ReprogrammedClassifier(self.attach_to(classifier), classifier, lam)

    def lam_or_chosen(self, lam: float | None) -> float:
        """λ; None: the one that the trigger's file says was chosen on validation rows.

        Raises:
            ConfigError: the file says none, or λ is outside of the range that the trigger of a file was trained for.
        """
        at = self.chosen_lam if lam is None else lam
        if at is None:
            low, high = self.scale.anchor_lams[0], self.scale.anchor_lams[-1]
            raise ConfigError(f"The trigger's file says no λ that was chosen; give lam=, from {low:g} to {high:g}.")
        return self.check_lam(at) if self.about else at  # one that is being trained has no such range yet

    def check_lam(self, lam: float) -> float:
        """Refuse a λ outside of the range that the trigger was trained for, or what is no number.

        Raises:
            ConfigError: so it is.
        """
        lowest, highest = self.scale.anchor_lams[0], self.scale.anchor_lams[-1]
        given: object = lam
        if not isinstance(given, Real) or isinstance(given, bool) or not lowest <= lam <= highest:
            raise ConfigError(
                f"lam is {shown(lam)}; this trigger was trained for λ from {lowest:g} to {highest:g}, give one of them."
            )
        return float(lam)

    def check_weights(self, found: str) -> None:
        """Refuse a classifier that is not the one that the trigger was learned on.

        Args:
            found: `content_digest` of the classifier.

        Raises:
            ModelError: so it is.
        """
        if self.weights and self.weights != found:
            raise ModelError(
                f"The trigger was learned on a classifier with other weights (digest {shorten(self.weights, 20)}, "
                f"this one's {found}), so nothing that was measured holds here; give that classifier, or set "
                "is_checked=False (--any-model)."
            )

    def attach_to(self, classifier: Classifier) -> Self:
        """Take from the classifier what the trigger needs of it; returns the trigger itself.

        Raises:
            ConfigError: the trigger was made for inputs of another size.
        """
        if classifier.input_spec != self.input_spec:
            raise ConfigError(
                f"The trigger was made for {describe_input_spec(self.input_spec)}, the classifier takes "
                f"{describe_input_spec(classifier.input_spec)}; use the classifier that the trigger was learned on."
            )
        return self

    def untrained(self) -> Self:
        """A copy with its untrained values, used as a control."""
        fresh = copy.deepcopy(self)
        with torch.no_grad():
            fresh.shared.copy_(torch.randn(self.shape(), generator=torch.Generator().manual_seed(self.seed)))
            fresh.anchors.zero_()
        return fresh

    def released(self) -> Self:
        """A copy on the CPU, without what `attach_to` took from the classifier."""
        return copy.deepcopy(self).cpu()

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """Join triggers that were learned for a single λ each into one trigger with an anchor at each λ.

        Args:
            parts: in ascending order of λ, with the same options, input size and seed.
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
            path: of the file.
            about: JSON values: hashes of classifier and data, metrics, versions.

        Raises:
            ConfigError: something else than a trigger's file is there.
            ArtifactError: it cannot be written.
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
        with writing(path, FILE) as part:
            save_tensors(part, tensors, {"fairprog": json.dumps(header)})


class ReprogrammedClassifier(nn.Module):
    """A frozen classifier with a trigger at one λ: inputs in, logits out."""

    def __init__(self, trigger: Trigger, classifier: Classifier, lam: float) -> None:
        super().__init__()
        self.trigger, self.classifier, self.lam = trigger, classifier, lam

    @property
    def device(self) -> torch.device:
        """Device of the classifier."""
        return self.classifier.device

    @property
    def cam_layer(self) -> nn.Module | None:
        """The classifier's layer for Grad-CAM; None: it shows none."""
        layer: nn.Module | None = self.classifier.cam_layer  # type: ignore[assignment]
        return layer

    @property
    def to_map(self) -> Callable[[Tensor], Tensor] | None:
        """How the output of `cam_layer` becomes a map; None: it is one."""
        return getattr(self.classifier, "to_map", None)

    def reading_order(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """As of the classifier."""
        return self.classifier.reading_order(x)

    def to_input(self, x: NDArray[Any]) -> Any:
        """As of the classifier."""
        return self.classifier.to_input(x)

    def features(self, x: Any) -> Tensor:
        """The classifier's features of x with the trigger: (k, d)."""
        return self.trigger.features(self.classifier, x, self.lam)

    def forward(self, x: Any) -> Tensor:
        return self.trigger.logits(self.classifier, self.classifier.batch(x), self.lam)

    def at_each(self, lams: Sequence[float]) -> Callable[[Any], Tensor]:
        """From inputs to their logits at each of l values of λ, instead of at the wrapped one: (k, l, c)."""
        logits = self.trigger.at_each(self.classifier, lams)
        return lambda x: torch.stack([*logits(x)], dim=1)


def load_trigger(path: str | Path) -> Trigger:
    """Read a trigger file.

    Returns:
        The trigger; its ``about`` holds the file's description.

    Raises:
        ArtifactError: the file is missing, damaged or not a trigger of fairprog.
        ConfigError: the path is not valid.
    """
    path = user_path(path)
    if not is_file(path):
        raise ArtifactError(
            f"No trigger at {shorten(path)}: give the .safetensors file that a run or the dashboard wrote."
        )
    values, about = read_module(path, format=FORMAT, noun="trigger", remedy=REMEDY)
    return trigger_of(values, about, path)


def trigger_of(values: dict[str, Tensor], about: Description, path: Path) -> Trigger:
    """The trigger of a file's values and description.

    Args:
        values: by name.
        about: the header.
        path: of the file, for errors.

    Raises:
        ArtifactError: they do not fit each other.
    """
    options = options_of(TRIGGERS, about, path=path, noun="trigger", remedy=REMEDY)
    implementation: type[Trigger] = TRIGGERS[options.kind].load()
    header = parse_header(implementation.header, about, path=path, remedy=REMEDY)
    shape = implementation.shape_for(options, **header.input_spec)
    expected = {"shared": shape, "anchors": (len(header.knots), *shape)}
    if reason := wrong_shape(values, expected):  # before anything of the described size is allocated
        raise ArtifactError(do_not_fit(path, reason, noun="trigger", values="values"))
    trigger = implementation(options, anchor_lams=header.knots, seed=header.seed, **header.input_spec)
    fill(trigger, values, path=path, noun="trigger", values="values")
    if reason := trigger.invalid_value():
        raise ArtifactError(damaged(path, reason, REMEDY))
    trigger.about = about
    trigger.chosen_lam, trigger.weights, trigger.max_length = header.chosen_lam, header.weights, header.max_length
    return trigger


def describe_input_spec(input_spec: dict[str, int]) -> str:
    """{"image_size": 64} -> "image size 64"."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in input_spec.items())
