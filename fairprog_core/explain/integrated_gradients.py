"""Integrated Gradients on the photo's pixels: what each adds to the logit, against a baseline photo.

The trigger and its geometry are part of the model, so the maps of all triggers lie in the
photo's own coordinates, and baseline and photo carry the same trigger. The baseline is a photo:
black, or the mean photo of the data. Against black, dark pixels can get no attribution; against
the mean photo they can, so the survey uses the mean.

Source: Sundararajan et al. 2017, through captum's ``IntegratedGradients`` (Gauss-Legendre).

Notation: k photos, c classes, s image side.
"""

import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import Tensor, nn

from fairprog_core.explain import IntegratedGradientsOptions
from fairprog_core.explain.base import Saliency, Target, choose, chunks, logits_of

SMALLEST_CHANGE = 0.1  # logits; below it the convergence delta is not divided by the change any further


class IntegratedGradients:
    """Signed attributions per pixel, summed over channels."""

    def __init__(self, options: IntegratedGradientsOptions | None = None, *, baseline: Tensor | None = None) -> None:
        """Choose steps and baseline.

        Args:
            options: steps and tolerance.
            baseline: a photo (3, s, s) in [0, 1]; None: black.
        """
        self.options = options or IntegratedGradientsOptions()
        self.baseline = baseline

    def explain(self, model: nn.Module, x: Tensor, *, target: Target = None) -> Saliency:
        """Attributions whose sum is the change of the logit from baseline to photo.

        Steps are doubled, for the photos that need it, until the convergence delta is below
        ``tolerance`` times that change (a change below 0.1 logits counts as 0.1), or
        ``max_steps`` is reached; ``converged`` says which.

        Args:
            model: photos to logits; in evaluation mode.
            x: (k, 3, s, s) in [0, 1].
            target: the class to explain; None: the predicted one.

        Returns:
            maps (k, s, s), signed, in units of the logit.
        """
        options = self.options
        black = torch.zeros_like(x[0])
        baseline = black if self.baseline is None else self.baseline.to(x)
        logits = logits_of(model, x, batch_size=options.batch_size)
        classes = choose(logits, target)
        change = (logits - logits_of(model, baseline[None])).gather(1, classes[:, None])[:, 0]
        allowed = options.tolerance * change.abs().clamp_min(SMALLEST_CHANGE)
        maps = torch.zeros(len(x), *x.shape[2:])
        delta, steps = torch.full((len(x),), torch.inf), torch.zeros(len(x), dtype=torch.long)
        n_steps = options.steps
        while True:
            rows = torch.nonzero(delta.abs() > allowed)[:, 0]
            if len(rows) == 0 or n_steps > max(options.max_steps, options.steps):
                break
            maps[rows] = _attribute(model, x[rows], baseline, classes[rows], n_steps, options.batch_size)
            delta[rows] = maps[rows].sum((1, 2)) - change[rows]
            steps[rows] = n_steps
            n_steps *= 2
        return Saliency(maps, logits, classes, delta, steps, delta.abs() <= allowed)


def _attribute(model: nn.Module, x: Tensor, baseline: Tensor, target: Tensor, n_steps: int, batch_size: int) -> Tensor:
    """Attributions (k, s, s) with a fixed number of steps, about ``batch_size`` pictures at a time."""
    captum = CaptumIntegratedGradients(model)
    parts = []
    for rows in chunks(len(x), max(1, batch_size // n_steps)):
        photos, classes = x[rows], target[rows].to(x.device)
        values = captum.attribute(photos, baseline.expand_as(photos), target=classes, n_steps=n_steps)
        parts.append(values.detach().sum(1).float().cpu())
    return torch.cat(parts)
