"""Grad-CAM: feature maps, weighted with the mean gradient of the class's logit; negative parts become 0.

A model without inner layers (TorchScript) gets the gradient of its input instead.

Source: Selvaraju et al. 2017; tokens on a grid and the normalisation as in the package pytorch-grad-cam, so that both
give the same picture. Captum's ``LayerGradCam`` knows no tokens. Gradients of the input: Simonyan et al. 2013.

Notation: k photos, c classes, d channels, a×b feature map, s image side.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.explain import GradCamOptions
from fairprog_core.explain.base import Saliency, Target, choose, chunks, part_of

MEAN_SIDE = 16  # of the mean maps


class GradCam:
    """Grad-CAM at ``model.cam_layer``, whose output ``model.to_map`` makes a map (k, d, a, b); None: of the input."""

    is_signed: ClassVar[bool] = False

    def __init__(self, options: GradCamOptions | None = None) -> None:
        self.options = options or GradCamOptions()

    def explain(self, model: nn.Module, x: Tensor, *, target: Target = None) -> Saliency:
        """Saliency at the layer's resolution.

        Args:
            model: photos to logits, with ``cam_layer``, and with ``to_map`` if that is no map; in evaluation mode.
            x: (k, 3, s, s) in [0, 1].
            target: the class to explain; None: the predicted one.

        Returns:
            maps (k, a, b) ≥ 0, not normalised.
        """
        return self.explain_each(model, x, (target,))[0]

    def explain_each(self, model: nn.Module, x: Tensor, targets: Sequence[Target]) -> list[Saliency]:
        """As `explain`, for each of several targets, with a single forward pass."""
        batches = chunks(len(x), self.options.batch_size)
        parts = [_explain(model, x[rows], [part_of(target, rows) for target in targets]) for rows in batches]
        return [_joined(each) for each in zip(*parts, strict=True)]


def _joined(parts: Sequence[tuple[Tensor, ...]]) -> Saliency:
    return Saliency(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _explain(model: nn.Module, x: Tensor, targets: Sequence[Target]) -> list[tuple[Tensor, ...]]:
    """One batch: maps, logits and classes for each target, with a single forward pass."""
    layer: nn.Module | None = model.cam_layer  # type: ignore[assignment]
    to_map: Callable[[Tensor], Tensor] = getattr(model, "to_map", None) or (lambda output: output)
    x = x.detach().clone().requires_grad_()  # a clone can be used in autograd, also of a tensor of inference mode
    with torch.enable_grad(), _output_of(layer) as seen:
        logits: Tensor = model(x)
        if len(seen) > 1:  # memory is short, and the layer saw a part at a time: explain as many rows at a time
            halves = chunks(len(x), (len(x) + 1) // 2)
            parts = [_explain(model, x.detach()[rows], [part_of(one, rows) for one in targets]) for rows in halves]
            return [_joined(each)[:3] for each in zip(*parts, strict=True)]
        source, found = x if layer is None else seen[-1], list[tuple[Tensor, ...]]()
        for target in targets:
            classes = choose(logits, target)
            score = logits.gather(1, classes[:, None]).sum()
            (gradient,) = torch.autograd.grad(score, source, retain_graph=len(found) + 1 < len(targets))
            maps = gradient.abs().amax(1) if layer is None else _weighted(to_map(source.detach()), to_map(gradient))
            found.append((maps.float().cpu(), logits.detach().float().cpu(), classes.cpu()))
    return found


@torch.no_grad()
def _weighted(activation: Tensor, gradient: Tensor) -> Tensor:
    """Feature maps (k, d, a, b), each weighted with its mean gradient, as one map (k, a, b) ≥ 0."""
    return (gradient.mean((2, 3), keepdim=True) * activation).sum(1).relu()


@contextmanager
def _output_of(layer: nn.Module | None) -> Iterator[list[Tensor]]:
    """Collect what a layer returns: a tensor, or the first of several things."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, inputs: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple | list) else output)

    hook = None if layer is None else layer.register_forward_hook(keep)
    try:
        yield seen
    finally:
        if hook is not None:
            hook.remove()


def normalise(maps: Tensor) -> Tensor:
    """Scale every map (k, a, b) to 0 … 1 by its own smallest and largest value; a flat map becomes zeros.

    Source: ``scale_cam_image`` of pytorch-grad-cam, its 1e-7 included.
    """
    maps = maps - maps.amin((1, 2), keepdim=True)
    return maps / (1e-7 + maps.amax((1, 2), keepdim=True))


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (k, a, b) -> (k, h, w), bilinear, pixel centres aligned as in OpenCV."""
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def mean_map(maps: Tensor, weights: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Where the weight of maps (k, a, b) lies on average, (g, a', b') with the sum 1; at most `MEAN_SIDE` on a side.

    Args:
        maps: not normalised; each is scaled to the sum 1 first, and those that are 0 everywhere do not count.
        weights: (k,) of the maps, for each of the g means.
    """
    small = F.adaptive_avg_pool2d(maps[:, None], (min(maps.shape[1], MEAN_SIDE), min(maps.shape[2], MEAN_SIDE)))[:, 0]
    total = small.sum((1, 2), keepdim=True)
    shares = torch.where(total > 0, small / total.clamp_min(1e-30), 0.0).double()
    means = torch.stack([torch.einsum("k,kab->ab", torch.from_numpy(weight), shares) for weight in weights])
    return (means / means.sum((1, 2), keepdim=True).clamp_min(1e-30)).float().numpy()
