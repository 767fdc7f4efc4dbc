"""What every classifier offers, and how one is frozen, saved and loaded.

Notation: k rows, c classes, d features, s image side.
"""

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fairprog_core.errors import ArtifactError
from fairprog_core.home import replacing
from fairprog_core.module_file import fill, read_module
from fairprog_core.options import Options
from fairprog_core.registry import Entry, build

FORMAT = "fairprog.classifier/1"


class Classifier(nn.Module):
    """A classifier of images: pixels in, logits out.

    Attributes:
        options: how it is built and trained.
        n_classes: c.
        image_size: s, the side of the square pictures that it takes.
    """

    def __init__(self, options: Options, *, n_classes: int, image_size: int) -> None:
        super().__init__()
        self.options = options
        self.n_classes = n_classes
        self.image_size = image_size

    def features(self, x: Tensor) -> Tensor:
        """What the last linear layer reads: x (k, 3, s, s) in [0, 1] -> (k, d)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """x (k, 3, s, s) in [0, 1] -> logits (k, c)."""
        logits: Tensor = self.head(self.features(x))
        return logits

    @property
    def cam_layer(self) -> nn.Module:
        """The module whose output (k, d, a, a) Grad-CAM looks at."""
        raise NotImplementedError

    @property
    def head(self) -> nn.Module:
        """The last linear layer."""
        raise NotImplementedError

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the weights."""
        digest = hashlib.sha256()
        for name, value in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


def freeze(classifier: Classifier) -> Classifier:
    """Make a classifier constant: evaluation mode, no gradients for weights, batch norm folded.

    The only place where a classifier is frozen. Works in place and returns its argument.
    """
    classifier.eval().requires_grad_(False)
    for module in list(classifier.modules()):
        _fold_batch_norm(module)
    return classifier.to(memory_format=torch.channels_last)


def _fold_batch_norm(parent: nn.Module) -> None:
    """Merge every convolution with the batch norm registered right after it (they run in that order)."""
    children = list(parent.named_children())
    for (name, module), (next_name, following) in pairwise(children):
        if isinstance(module, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            setattr(parent, name, fuse_conv_bn_eval(module, following))
            setattr(parent, next_name, nn.Identity())


def save_classifier(classifier: Classifier, path: Path, **about: Any) -> None:
    """Write weights and description as one ``.safetensors`` file; before it is frozen.

    Args:
        classifier: as trained, batch norm not yet folded.
        path: where to.
        about: JSON values kept beside the weights: labels, groups, seed, digest of the data.
    """
    header = {
        "format": FORMAT,
        "options": classifier.options.to_json(),
        "n_classes": classifier.n_classes,
        "image_size": classifier.image_size,
        **about,
    }
    with replacing(path) as part:
        save_file(
            {k: v.contiguous() for k, v in classifier.state_dict().items()}, part, {"fairprog": json.dumps(header)}
        )


def read_classifier(path: Path, registry: dict[str, Entry]) -> tuple[Classifier, dict[str, Any]]:
    """Read what `save_classifier` wrote.

    Returns:
        The classifier (not frozen) and its description.

    Raises:
        ArtifactError: the file is missing, damaged or not a classifier of fairprog.
    """
    if not path.is_file():
        raise ArtifactError(f"No classifier at {path}: train one with `fairprog run`, or give the path of one.")
    weights, header = read_module(path, format=FORMAT, noun="classifier", remedy="train the classifier again")
    options = registry[header["options"]["kind"]].options.parse(header["options"], where=str(path))
    classifier = build(registry, options, n_classes=header["n_classes"], image_size=header["image_size"])
    fill(classifier, weights, path=path, noun="classifier", values="weights")
    return classifier, header
