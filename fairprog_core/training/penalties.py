"""Closed-form fairness losses: differentiable measures of unequal predictions without a discriminator.

Each compares the rows of every group with all other rows, within each label for equalized odds. No row is
paired with itself, so the estimates are not biased upward when rows are few; a value may be negative.
None is in nats, so each has its own range of λ; the ranges given here were useful on drawn faces
(border, equalized odds), where the range of the discriminator is .3 to 15.

Notation: l λ-values, k rows per λ, c classes, g groups, b blocks of rows (all rows, or those of one label).
"""

from typing import Protocol

import torch
from torch import Tensor

from fairprog_core.common.types import Groups

SHARPNESS = 3.0  # soft predictions are softmax(SHARPNESS · logits): their gap is closer to that of hard predictions


class Penalty(Protocol):
    """A fairness loss."""

    def __call__(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> Tensor:
        """The loss per λ (l,).

        Args:
            logits: (l, k, c).
            y: (l, k) labels.
            z: (l, k) pattern codes.
            lam: (l,).
            weight: (l, k) of the rows, with mean 1.
        """


class KernelPenalty:
    """A fairness loss that compares rows by a kernel (l, k, k) of their logits."""

    def __init__(self, *, n_classes: int, groups: Groups, conditions_on_label: bool) -> None:
        self.n_classes, self.conditions_on_label = n_classes, conditions_on_label
        self.patterns, self.is_known = torch.from_numpy(groups.patterns), torch.from_numpy(groups.is_known)

    def kernel(self, logits: Tensor) -> Tensor:
        """Logits (l, k, c) -> similarity of every two rows (l, k, k)."""
        raise NotImplementedError

    def __call__(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> Tensor:
        """The mean over blocks and groups of the difference between a group and the other known rows (l,)."""
        kernel = self.kernel(logits)
        kernel = kernel - torch.diag_embed(kernel.diagonal(dim1=-2, dim2=-1))  # no row is paired with itself
        # they stay there: a training copies nothing to the device in every step
        self.patterns, self.is_known = self.patterns.to(z.device), self.is_known.to(z.device)
        member = self.patterns[z].movedim(-1, 1)[:, None]  # (l, 1, g, k)
        weight = weight * self.is_known[z]
        block = self._blocks(y)[:, :, None] * weight[:, None, None]  # (l, b, 1, k)
        differences, is_known = self.difference(kernel, block * member, block * ~member)  # both (l, b, g)
        return differences.masked_fill(~is_known, 0.0).sum((1, 2)) / is_known.sum((1, 2)).clamp_min(1)

    def difference(self, kernel: Tensor, inside: Tensor, outside: Tensor) -> tuple[Tensor, Tensor]:
        """Difference between each group and the other rows, and whether it can be estimated.

        Args:
            kernel: (l, k, k), zero on the diagonal.
            inside: (l, b, g, k) weights of the group's rows, zero elsewhere.
            outside: the same for the other rows.

        Returns:
            Differences (l, b, g); booleans (l, b, g).
        """
        inside, inside_pairs = _normalised(inside)
        outside, outside_pairs = _normalised(outside)
        within = (
            _mean_similarity(kernel, inside, inside) / inside_pairs
            + _mean_similarity(kernel, outside, outside) / outside_pairs
        )
        return within - 2 * _mean_similarity(kernel, inside, outside), torch.minimum(inside_pairs, outside_pairs) > 1e-6

    def _blocks(self, y: Tensor) -> Tensor:
        """Labels (l, k) -> membership of rows in blocks (l, b, k)."""
        if not self.conditions_on_label:
            return torch.ones_like(y)[:, None]
        return (y[:, None] == torch.arange(self.n_classes, device=y.device)[:, None]).long()


class GroupGap(KernelPenalty):
    """The squared gap between the mean soft predictions of a group and of the others, in 0..1.

    For two classes and two groups: the squared gap in selection rates, or the mean of the squared gaps in true and
    false positive rates. λ: .1 to 3; higher values cost accuracy.
    """

    def kernel(self, logits: Tensor) -> Tensor:
        predicted = (SHARPNESS * logits).softmax(-1)
        return predicted @ predicted.mT / 2  # half: with two classes every difference counts twice


class MMD(KernelPenalty):
    """The squared maximum mean discrepancy of the logits, with a Gaussian kernel, in 0..2.

    The width of the kernel is the root mean square distance of two rows, computed within each λ.

    Source: Gretton, Borgwardt, Rasch, Schölkopf, Smola, "A kernel two-sample test", JMLR 2012, equation 3 (the
    unbiased estimate, here with weights). The authors' code also has it as a penalty; a variant that
    uses the power of the test: Deka and Sutherland, "MMD-B-Fair", AISTATS 2023. λ: .3 to 10.
    """

    def kernel(self, logits: Tensor) -> Tensor:
        return _gaussian(logits)


class HSIC(KernelPenalty):
    """The Hilbert-Schmidt independence criterion of logits and groups, in 0..1/8.

    A Gaussian kernel on logits, as for the MMD, and a linear one on membership: a group with share p has weight
    p² (1 − p)², so small groups count little.

    Source: Gretton, Bousquet, Smola, Schölkopf, "Measuring statistical dependence with Hilbert-Schmidt norms",
    ALT 2005, section 3.1; here without pairs of a row with itself. λ: 5 to 150.
    """

    def kernel(self, logits: Tensor) -> Tensor:
        return _gaussian(logits)

    def difference(self, kernel: Tensor, inside: Tensor, outside: Tensor) -> tuple[Tensor, Tensor]:
        differences, is_known = super().difference(kernel, inside, outside)
        share = inside.sum(-1) / (inside + outside).sum(-1).clamp_min(1e-12)
        return differences * (share * (1 - share)).square(), is_known


PENALTIES: dict[str, type[KernelPenalty]] = {"group_gap": GroupGap, "mmd": MMD, "hsic": HSIC}


def _gaussian(logits: Tensor) -> Tensor:
    """exp(−d²/2), d the distance of two rows over the root mean square distance: (l, k, c) -> (l, k, k)."""
    centred = logits - logits.mean(-1, keepdim=True)  # only differences of logits matter
    squared = (centred[:, :, None] - centred[:, None]).square().sum(-1)
    width = squared.detach().mean((1, 2), keepdim=True).clamp_min(1e-6)
    return torch.exp(-squared / (2 * width))


def _normalised(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (…, k) normalised to sum to one, and the weight of all pairs of different rows."""
    weight = weight / weight.sum(-1, keepdim=True).clamp_min(1e-12)
    pairs = weight.sum(-1).square() - weight.square().sum(-1)
    return weight, pairs.clamp_min(1e-12)


def _mean_similarity(kernel: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Mean similarity of two weighted sets of rows: (l, k, k), (l, b, g, k) twice -> (l, b, g)."""
    return torch.einsum("lbgi,lij,lbgj->lbg", first, kernel, second)
