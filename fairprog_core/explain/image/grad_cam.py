"""Grad-CAM: feature maps, weighted with the mean gradient of the class's logit; negative parts become 0.

Source: Selvaraju et al. 2017, through captum's ``LayerGradCam``; normalisation as in the package
pytorch-grad-cam, so that both give the same picture.

Notation: k photos, c classes, d channels, a×b feature map, s image side.
"""

from typing import ClassVar

import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam
from torch import Tensor, nn

from fairprog_core.explain import GradCamOptions
from fairprog_core.explain.base import Saliency, Target, choose, chunks, part_of


class GradCam:
    """Grad-CAM at ``model.cam_layer``, whose output is (k, d, a, b)."""

    is_signed: ClassVar[bool] = False

    def __init__(self, options: GradCamOptions | None = None) -> None:
        self.options = options or GradCamOptions()

    def explain(self, model: nn.Module, x: Tensor, *, target: Target = None) -> Saliency:
        """Saliency at the layer's resolution.

        Args:
            model: photos to logits, with ``cam_layer``; in evaluation mode.
            x: (k, 3, s, s) in [0, 1].
            target: the class to explain; None: the predicted one.

        Returns:
            maps (k, a, b) ≥ 0, not normalised.
        """
        size = self.options.batch_size
        parts = [_explain(model, x[rows], part_of(target, rows)) for rows in chunks(len(x), size)]
        return Saliency(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _explain(model: nn.Module, x: Tensor, target: Target) -> tuple[Tensor, Tensor, Tensor]:
    """One batch: maps, logits and classes, with a single forward pass."""
    seen: list[tuple[Tensor, Tensor]] = []

    def chosen_logit(pixels: Tensor) -> Tensor:
        logits: Tensor = model(pixels)
        classes = choose(logits, target)
        seen.append((logits.detach(), classes))
        return logits.gather(1, classes[:, None])[:, 0]

    layer: nn.Module = model.cam_layer  # type: ignore[assignment]
    maps = LayerGradCam(chosen_logit, layer).attribute(x, relu_attributions=True)
    assert isinstance(maps, Tensor)
    logits, classes = seen[0]
    return maps.detach()[:, 0].float().cpu(), logits.float().cpu(), classes.cpu()


def normalise(maps: Tensor) -> Tensor:
    """Scale every map (k, a, b) to 0 … 1 by its own smallest and largest value; a flat map becomes zeros.

    Source: ``scale_cam_image`` of pytorch-grad-cam, its 1e-7 included.
    """
    maps = maps - maps.amin((1, 2), keepdim=True)
    return maps / (1e-7 + maps.amax((1, 2), keepdim=True))


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (k, a, b) -> (k, h, w), bilinear, pixel centres aligned as in OpenCV."""
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
