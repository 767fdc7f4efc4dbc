"""Integrated Gradients on the photo's pixels: how much each adds to the logit, against a baseline photo.

The trigger and its geometry are part of the model, so the maps of all triggers are in the
photo's own coordinates, and baseline and photo have the same trigger. The baseline is a photo:
black, or the mean photo of the data. With a black baseline, black pixels get no attribution; with
the mean photo they can, so reports use the mean.

Source: Sundararajan et al. 2017, through captum's ``IntegratedGradients`` (Gauss-Legendre).

Notation: k photos, c classes, s image side.
"""

from collections.abc import Callable
from typing import ClassVar

import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import Tensor

from fairprog_core.explain import IntegratedGradientsOptions
from fairprog_core.explain.base import Saliency, Target, choose, chunks, logits_of

AffineMap = Callable[[Tensor], Tensor]  # of photos (k, 3, s, s), row by row


class IntegratedGradients:
    """Signed attributions per pixel, summed over channels."""

    is_signed: ClassVar[bool] = True

    def __init__(self, options: IntegratedGradientsOptions | None = None, *, baseline: Tensor | None = None) -> None:
        """Choose steps and baseline.

        Args:
            options: steps and tolerance.
            baseline: a photo (3, s, s) in [0, 1]; None: black.
        """
        self.options = options or IntegratedGradientsOptions()
        self.baseline = baseline

    def explain(
        self, model: Callable[[Tensor], Tensor], x: Tensor, *, target: Target = None, front: AffineMap | None = None
    ) -> Saliency:
        """Attributions whose sum is the change of the logit from baseline to photo.

        The convergence delta is that sum minus the change. Steps are doubled, for the photos that need
        it, until |delta| is at most ``tolerance`` of the sum of |attributions| (the change itself can be
        near zero while large parts cancel), or ``max_steps`` is reached; ``converged`` says which.

        Args:
            model: photos to logits; in evaluation mode.
            x: (k, 3, s, s) in [0, 1].
            target: the class to explain; None: the predicted one.
            front: an affine map applied before the model. It maps the straight path from baseline to photo
                to a straight path, so it runs once per photo, not once per step.

        Returns:
            maps (k, s, s), signed, in units of the logit.
        """
        options = self.options
        baseline = torch.zeros_like(x[0]) if self.baseline is None else self.baseline.to(x)
        with torch.no_grad():
            end, start = (front(x), front(baseline[None])) if front else (x, baseline[None])
        logits = logits_of(model, end, batch_size=options.batch_size)
        classes = choose(logits, target).cpu()
        change = (logits - logits_of(model, start)).gather(1, classes[:, None])[:, 0]
        maps = torch.zeros(len(x), *x.shape[2:])
        delta, steps = torch.full((len(x),), torch.inf), torch.zeros(len(x), dtype=torch.long)
        rows, n_steps = torch.arange(len(x)), options.steps
        while len(rows) and n_steps <= max(options.max_steps, options.steps):
            gradient = _mean_gradient(model, end[rows], start, classes[rows], n_steps, options.batch_size)
            if front:
                gradient = _pull_back(front, x[rows], gradient)
            maps[rows] = (gradient * (x[rows] - baseline)).sum(1).float().cpu()
            delta[rows], steps[rows] = maps[rows].sum((1, 2)) - change[rows], n_steps
            rows = torch.nonzero(delta.abs() > options.tolerance * maps.abs().sum((1, 2)))[:, 0]
            n_steps *= 2
        converged = delta.abs() <= options.tolerance * maps.abs().sum((1, 2))
        return Saliency(maps, logits, classes, delta, steps, converged)


def _mean_gradient(
    model: Callable[[Tensor], Tensor], end: Tensor, start: Tensor, target: Tensor, n_steps: int, batch_size: int
) -> Tensor:
    """Mean gradient (k, 3, s, s) of the logit along the path, about ``batch_size`` pictures at a time."""
    captum = CaptumIntegratedGradients(model, multiply_by_inputs=False)
    parts = []
    for rows in chunks(len(end), max(1, batch_size // n_steps)):
        photos, classes = end[rows], target[rows].to(end.device)
        gradient = captum.attribute(photos, start.expand_as(photos), target=classes, n_steps=n_steps)
        parts.append(gradient.detach())
    return torch.cat(parts)


def _pull_back(front: AffineMap, x: Tensor, gradient: Tensor) -> Tensor:
    """Gradient at the output of an affine map -> gradient at the photos x (k, 3, s, s)."""
    with torch.enable_grad():
        photos = x.detach().clone().requires_grad_()
        (pulled,) = torch.autograd.grad(front(photos), photos, gradient)
    return pulled
