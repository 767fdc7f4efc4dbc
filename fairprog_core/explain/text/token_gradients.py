"""Integrated Gradients on word vectors: how much every token adds to the log-odds of a class.

The baseline is the same text with the vector of [PAD] in place of every word and of every word of
the trigger; [CLS] and [SEP] stay, so their attribution is exactly 0. With two classes the log-odds
of class 1 are logit 1 − logit 0.

Source: Sundararajan et al. 2017, through captum's ``IntegratedGradients`` (Gauss-Legendre).

Notation: k texts, t tokens, w width of a word vector, c classes.
"""

from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import Tensor, nn

from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.explain import TokenGradientsOptions
from fairprog_core.explain.base import Saliency, Target, choose

LEAST_CHANGE = 0.1  # of the log-odds: a delta is compared with at least this change


class TokenGradients:
    """Signed attributions per token, summed over the word vector."""

    is_signed: ClassVar[bool] = True

    def __init__(
        self,
        options: TokenGradientsOptions | None = None,
        *,
        baseline: Tensor | None = None,
        n_ends: tuple[int, int] = (1, 1),
    ) -> None:
        """Choose steps and baseline.

        Args:
            options: steps and tolerance.
            baseline: (w,) the vector that stands for no word, that of [PAD]; None: zeros.
            n_ends: tokens before and after every text, which stay: [CLS] and [SEP].
        """
        self.options = options or TokenGradientsOptions()
        self.baseline, self.n_ends = baseline, n_ends

    def explain(self, model: nn.Module, x: TextInput, *, target: Target = None) -> Saliency:
        """Attributions whose sum is the change of the log-odds from baseline to text.

        The convergence delta is that sum minus the change. Steps are doubled, for the texts that need
        it, until |delta| is less than ``tolerance`` of the change (of `LEAST_CHANGE`, if the change
        is smaller), or ``max_steps`` is reached; ``converged`` says which.

        Args:
            model: ``TextInput`` to logits; in evaluation mode.
            x: k texts.
            target: the class to explain; None: the predicted one.

        Returns:
            maps (k, t), signed, in units of the logit.
        """
        wanted = torch.full((len(x.mask),), -1) if target is None else torch.as_tensor(target).expand(len(x.mask))
        found = [self._explain(model, _alone(x, row), None if of < 0 else of) for row, of in enumerate(wanted.tolist())]
        maps = [F.pad(one.maps, (0, x.mask.shape[1] - one.maps.shape[1])) for one in found]
        return Saliency(torch.cat(maps), *(torch.cat(values) for values in zip(*(one[1:] for one in found))))

    def _explain(self, model: nn.Module, x: TextInput, target: int | None) -> Saliency:
        """One text without padding."""
        options = self.options
        path = self._path(x)
        with torch.inference_mode():
            ends = torch.cat([model(x), model(x._replace(vectors=path.start))]).float()  # (2, c)
        of = choose(ends[:1], target)
        change = (log_odds(ends[:1], of) - log_odds(ends[1:], of)).cpu()  # (1,)
        scale, n_steps = change.abs().clamp(min=LEAST_CHANGE), options.steps
        while True:
            maps = _attribute(model, path, of, n_steps, options.batch_size)
            delta = maps.sum(1) - change
            converged = delta.abs() < options.tolerance * scale
            if converged or 2 * n_steps > options.max_steps:
                return Saliency(maps, ends[:1].cpu(), of.cpu(), delta, torch.tensor([n_steps]), converged, change)
            n_steps *= 2

    def _path(self, x: TextInput) -> "IntegrationPath":
        """The path from the baseline to a text."""
        start = x.vectors.clone()
        before, after = self.n_ends
        start[:, before : start.shape[1] - after] = 0.0 if self.baseline is None else self.baseline.to(start)
        return IntegrationPath(start, x.vectors, x.mask, x.ids)


class IntegrationPath(NamedTuple):
    """The straight path from the baseline to one text of t tokens: both ends (1, t, w), mask and ids."""

    start: Tensor
    end: Tensor
    mask: Tensor
    ids: Tensor


def log_odds(logits: Tensor, target: Tensor) -> Tensor:
    """Logit of the class minus the log-sum-exp of the others: logits (k, c) and classes (k,) -> (k,)."""
    is_it = F.one_hot(target, logits.shape[1]).bool()
    return logits[is_it] - logits.masked_fill(is_it, -torch.inf).logsumexp(1)


def _alone(x: TextInput, row: int) -> TextInput:
    """One of the texts, without padding."""
    return x.rows(slice(row, row + 1)).without_filling()


def _attribute(model: nn.Module, path: IntegrationPath, target: Tensor, n_steps: int, batch_size: int) -> Tensor:
    """Mean gradient along the path times the path, summed over w: (1, t); ``batch_size`` steps at a time."""

    def explained(vectors: Tensor) -> Tensor:
        k = len(vectors)
        return log_odds(model(TextInput(vectors, path.mask.expand(k, -1), path.ids.expand(k, -1))), target.expand(k))

    captum = CaptumIntegratedGradients(explained)
    found: Tensor = captum.attribute(
        path.end, path.start, n_steps=n_steps, internal_batch_size=batch_size if n_steps > batch_size else None
    )
    return found.detach().sum(2).float().cpu()
