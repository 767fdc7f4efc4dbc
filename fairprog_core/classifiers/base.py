"""The base class of classifiers; freezing, saving and loading them.

Notation: k rows, c classes, d features, s image side.
"""

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fairprog_core.common.errors import ArtifactError, ModelError
from fairprog_core.common.files.json_values import damaged, parse_header, short
from fairprog_core.common.files.model_file import OptionsHeader, fill, options_of, read_module
from fairprog_core.common.files.tensor_file import digest_of_values, save_tensors
from fairprog_core.common.home import replacing
from fairprog_core.common.options import Options
from fairprog_core.common.registry import Entry
from fairprog_core.data.base import Split

FORMAT = "fairprog.classifier/1"
REMEDY = "remove it and train the classifier again"
Description: TypeAlias = dict[str, Any]  # JSON values that describe what a file holds
C = TypeVar("C", bound="Classifier")


class ClassifierHeader(OptionsHeader):
    """The description in a classifier's file.

    Attributes:
        n_classes: c.
    """

    n_classes: int = Field(ge=1, le=10_000)

    @property
    def init_args(self) -> Description:
        """Further arguments of the constructor: the header fields that a family of classifiers adds."""
        own = ClassifierHeader.model_fields
        return {name: getattr(self, name) for name in type(self).model_fields if name not in own}


class Classifier(nn.Module):
    """A classifier: pictures or texts in, logits out.

    Rows of a split are converted in three stages: `prepare` runs once per split (text: words to token ids),
    `to_input` makes a batch of tensors, and `forward` computes logits; a trigger is applied between the last
    two. Pictures are tensors (k, 3, s, s) in [0, 1]; texts are a ``TextInput``.

    Attributes:
        options: architecture and training.
        n_classes: c.
    """

    header: ClassVar[type[ClassifierHeader]] = ClassifierHeader
    is_converted: ClassVar[bool] = True  # whether `freeze` may fold batch norm and change the layout in memory
    begins_affine: ClassVar[bool] = False  # whether there are `first_layers`

    def __init__(self, options: Options, *, n_classes: int) -> None:
        super().__init__()
        self.options = options
        self.n_classes = n_classes
        self._digest_before = ""  # of the weights before `freeze` changed them

    @property
    def input_spec(self) -> dict[str, int]:
        """The inputs that a trigger must fit, e.g. ``{"image_size": 64}``."""
        raise NotImplementedError

    def init_args(self) -> Description:
        """Arguments of the constructor besides options and ``n_classes``: JSON values by argument name."""
        own = ClassifierHeader.model_fields
        return {name: getattr(self, name) for name in self.header.model_fields if name not in own}

    def state_to_save(self) -> dict[str, Tensor]:
        """The weights that are saved to a file."""
        return {name: value.contiguous() for name, value in self.state_dict().items()}

    def unfreeze(self) -> None:
        """Make the trainable weights trainable again: undoes `freeze`, except for folded batch norm."""
        self.requires_grad_(True)

    @classmethod
    def from_config(
        cls, options: Any, *, n_classes: int, init_args: Description, weights: Mapping[str, Tensor]
    ) -> Self:
        """Architecture to load saved weights into.

        Args:
            options: options of this kind of classifier.
            n_classes: c.
            init_args: as returned by `init_args`, checked by `header`.
            weights: the saved weights; nothing much larger than these is allocated.

        Raises:
            ModelError: `init_args` describe an architecture that cannot be built here.
        """
        return cls(options, n_classes=n_classes, **init_args)

    @classmethod
    def cache_inputs(cls, options: Any) -> dict[str, str]:
        """Digests of the files, by name, on which the initial weights depend besides the options."""
        return {}

    @classmethod
    def fetch(cls, options: Any) -> Generator[str, None, None]:
        """Download the files that `cache_inputs` and `new` need; yields what it does, for the screen.

        Closing the generator ends the download.
        """
        yield from ()

    @classmethod
    def check_labels(cls, options: Any, labels: tuple[str, ...]) -> None:
        """Refuse, before any data are prepared, a model that was trained elsewhere and has other labels.

        Raises:
            ModelError: its outputs cannot be matched to the data's labels.
        """

    @classmethod
    def new(cls, options: Any, *, n_classes: int, split: Split) -> Self:
        """An untrained classifier for the rows of a split; initial weights come from torch's random state."""
        raise NotImplementedError

    @classmethod
    def new_for(cls, options: Any, *, labels: tuple[str, ...], split: Split) -> Self:
        """As `new`, for classes with these names; a model that was trained elsewhere matches its own names to them."""
        return cls.new(options, n_classes=len(labels), split=split)

    def prepare(self, split: Split) -> Split:
        """The split with rows in the form that `to_input` takes."""
        return split

    def reading_order(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Row indices (n,) in the order for prediction: rows of similar cost come together."""
        return np.arange(len(x))

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> Any:
        """Prepared rows as input of `forward`, on the classifier's device.

        Args:
            x: k rows of a prepared split.
            rng: for random changes that keep the label; None: no changes.
        """
        raise NotImplementedError

    def augment(self, x: Any, rng: np.random.Generator) -> Any:
        """Augment the output of `to_input` for the training of the classifier itself."""
        return x

    def features(self, x: Any) -> Tensor:
        """Inputs -> features (k, d), the input of the last linear layer."""
        raise NotImplementedError

    def first_layers(self, x: Any) -> Tensor:
        """The layers that are affine in the input, in evaluation mode; where the classifier `begins_affine`.

        first_layers(photo + change) = first_layers(photo) + first_layers(change) − first_layers(0): the photo's part is
        computed once for many triggers, and a trigger's part once for many photos.
        """
        raise NotImplementedError

    def first_change(self, x: Any) -> Tensor:
        """What an input adds to the output of the `first_layers`: first_layers(x) − first_layers(0), linear in x."""
        return self.first_layers(x) - self.first_layers(torch.zeros_like(x[:1]))

    def other_layers(self, x: Tensor) -> Tensor:
        """The features (k, d), from the output of `first_layers`."""
        raise NotImplementedError

    def forward(self, x: Any) -> Tensor:
        """Inputs -> logits (k, c)."""
        logits: Tensor = self.head(self.features(x))
        return logits

    def keep_in(self, folder: Path) -> None:
        """Keep what should survive an interruption in a folder; most classifiers have nothing to keep."""

    def send_for(self, purpose: str, *, curve: str | None = None) -> None:
        """Count the rows that a black box is sent from now on for this purpose; other classifiers send none.

        Args:
            purpose: "learning", "validation" or "test".
            curve: key of the curve; empty: for the base itself; None: for the same as before.
        """

    def n_sent(self) -> dict[str, dict[str, int]]:
        """How many rows a black box was sent, by curve and purpose; one that was answered before is not sent again."""
        return {}

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return next(self.parameters()).device

    @property
    def head(self) -> nn.Module:
        """The last linear layer."""
        raise NotImplementedError

    def describe(self) -> str:
        """What was read from the model's own configuration, for the screen; empty: nothing."""
        return ""

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the weights."""
        return weights_digest(self)

    def saved_digest(self) -> str:
        """`content_digest` of the weights as they are saved, before `freeze` folded batch norm."""
        return self._digest_before or content_digest(self.state_to_save())

    def batch(self, x: Any) -> Any:
        """Inputs as they are given to a module -> inputs of a trigger: pictures as they are, texts as word vectors."""
        return x


def weights_digest(module: nn.Module) -> str:
    """First 16 hex digits of the SHA-256 of a module's weights and buffers, by name."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)  # numpy has no bfloat16
        digest.update(content.numpy().tobytes())
    return digest.hexdigest()[:16]


def content_digest(state: Mapping[str, Tensor]) -> str:
    """The digest of what was learned, whatever its parts are called, from a module's state; see `digest_of_values`.

    A model that fairprog wraps, or takes the head of, therefore has the digest of the model itself. Equal on every
    machine.
    """

    def values() -> Iterator[tuple[str, str, tuple[int, ...], bytes]]:
        for name, value in state.items():
            if value.is_floating_point():
                content = value.detach().cpu().contiguous()
                kind = str(value.dtype).removeprefix("torch.")
                yield name, kind, tuple(value.shape), content.reshape(-1).view(torch.uint8).numpy().tobytes()

    return digest_of_values(values())


def freeze(classifier: C) -> C:
    """Freeze a classifier: evaluation mode, no gradients for weights, batch norm folded where we know the net.

    The only function that freezes a classifier. Works in place and returns its argument.
    """
    classifier.eval().requires_grad_(False)
    if not classifier.is_converted:
        return classifier
    if any(isinstance(module, nn.BatchNorm2d) for module in classifier.modules()):
        classifier._digest_before = classifier.saved_digest()
    for module in list(classifier.modules()):
        _fold_batch_norm(module)
    classifier.to(memory_format=torch.channels_last)
    return classifier


def _fold_batch_norm(parent: nn.Module) -> None:
    """Merge every convolution with the batch norm registered right after it; they must run in that order."""
    children = list(parent.named_children())
    for (name, module), (next_name, following) in pairwise(children):
        if isinstance(module, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            setattr(parent, name, fuse_conv_bn_eval(module, following))
            setattr(parent, next_name, nn.Identity())


def save_classifier(classifier: Classifier, path: Path, /, **about: Any) -> None:
    """Write weights and description as one ``.safetensors`` file; call it before `freeze`.

    Args:
        classifier: as trained, batch norm not yet folded.
        path: of the file.
        about: JSON values for the description: labels, groups, seed, digest of the data.
    """
    header = {
        "format": FORMAT,
        "options": classifier.options.to_json(),
        "n_classes": classifier.n_classes,
        **classifier.init_args(),
        **about,
    }
    with replacing(path) as part:
        save_tensors(part, classifier.state_to_save(), {"fairprog": json.dumps(header)})


def read_classifier(path: Path, registry: dict[str, Entry[Any]]) -> tuple[Classifier, Description]:
    """Read what `save_classifier` wrote.

    Returns:
        The classifier (not frozen) and its description.

    Raises:
        ArtifactError: the file is missing, damaged or not a classifier of fairprog.
    """
    if not path.is_file():
        raise ArtifactError(f"No classifier at {path}: train one with `fairprog run`, or give the path of one.")
    weights, about = read_module(path, format=FORMAT, noun="classifier", remedy=REMEDY)
    options = options_of(registry, about, path=path, noun="classifier", remedy=REMEDY)
    implementation: type[Classifier] = registry[options.kind].load()
    header = parse_header(implementation.header, about, path=path, remedy=REMEDY)
    try:
        classifier = implementation.from_config(
            options, n_classes=header.n_classes, init_args=header.init_args, weights=weights
        )
    except ModelError as error:
        raise ArtifactError(f"The classifier in {path} cannot be built: {short(error)}") from error
    is_whole = weights.keys() == classifier.state_to_save().keys()
    whole = classifier.state_dict() | weights if is_whole else weights
    fill(classifier, whole, path=path, noun="classifier", values="weights")
    if reason := negative_variance(classifier):
        raise ArtifactError(damaged(path, reason, REMEDY))
    return classifier, about


def negative_variance(classifier: Classifier) -> str | None:
    """The first batch norm with a negative variance, as a part of a sentence; None: there is none."""
    for name, module in classifier.named_modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_var is not None and (module.running_var < 0).any():
            return f"{name}.running_var is negative"
    return None
