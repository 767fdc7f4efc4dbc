import math

import numpy as np
import pytest
import torch

from fairprog_core.common.types import Groups
from fairprog_core.training.penalties import PENALTIES, SHARPNESS, KernelPenalty

TWO = Groups.exclusive("a", "b")
ONES = torch.ones(1)


def made(kind: str, *, conditions_on_label: bool = False, groups: Groups = TWO) -> KernelPenalty:
    return PENALTIES[kind](n_classes=2, groups=groups, conditions_on_label=conditions_on_label)


def said(*probabilities: float) -> torch.Tensor:
    """Logits (1, k, 2) whose soft predictions of class 1 are these."""
    margin = torch.logit(torch.tensor(probabilities)) / SHARPNESS
    return torch.stack([torch.zeros_like(margin), margin], -1)[None]


def value(penalty: KernelPenalty, logits: torch.Tensor, y: list[int], z: list[int], weight: list[float] | None = None):
    weights = torch.tensor([weight or [1.0] * len(z)])
    return penalty(logits, torch.tensor([y]), torch.tensor([z]), ONES, weights).item()


def noise(kind: str, *, shift: float = 0.0, k: int = 16, conditions_on_label: bool = False) -> torch.Tensor:
    """The penalty of 400 batches of noise; group b is shifted."""
    generator = torch.Generator().manual_seed(0)
    z, y = torch.arange(k) % 2, (torch.arange(k) // 2) % 2
    logits = torch.randn(400, k, 2, generator=generator)
    logits[..., 1] += shift * z
    rows = (y.expand(400, -1), z.expand(400, -1), torch.ones(400), torch.ones(400, k))
    return made(kind, conditions_on_label=conditions_on_label)(logits, *rows)


def test_group_gap_is_the_squared_gap_without_the_rows_own_noise() -> None:
    """Means .7 and .3: (.4)² = .16, less half the within-group spread of two rows: 2 · (.1)² = .02."""
    assert value(made("group_gap"), said(0.8, 0.6, 0.4, 0.2), [0] * 4, [0, 0, 1, 1]) == pytest.approx(0.14, abs=1e-6)


def test_group_gap_of_equal_rows_is_the_square_of_the_gap() -> None:
    assert value(made("group_gap"), said(0.9, 0.9, 0.4, 0.4), [0] * 4, [0, 0, 1, 1]) == pytest.approx(0.25, abs=1e-6)


def test_group_gap_within_labels_is_the_mean_over_them() -> None:
    """Label 0: (.9 − .4)² = .25. Label 1: (.7 − .6)² = .01. Across labels there would be another gap."""
    logits = said(0.9, 0.9, 0.4, 0.4, 0.7, 0.7, 0.6, 0.6)
    y, z = [0] * 4 + [1] * 4, [0, 0, 1, 1] * 2
    assert value(made("group_gap", conditions_on_label=True), logits, y, z) == pytest.approx(0.13, abs=1e-6)


def test_group_gap_weighs_rows() -> None:
    """Group a says .9, .9, .3, .3 with shares p = 1/3, 1/3, 1/6, 1/6 (mean .7), group b .2; rows meet as (xx' + yy')/2.

    Pairs within a: (.7² + .3²)/2 = .29, less Σ p² (x² + y²)/2 = 2/9 · .41 + 2/36 · .29, over 1 − Σ p² = 26/36.
    Within b .34; between (.7 · .2 + .3 · .8)/2 = .19.
    """
    logits, z = said(0.9, 0.9, 0.3, 0.3, 0.2, 0.2), [0, 0, 0, 0, 1, 1]
    got = value(made("group_gap"), logits, [0] * 6, z, [2, 2, 1, 1, 1, 1])
    within = (0.29 - 2 / 9 * 0.41 - 2 / 36 * 0.29) / (26 / 36)
    assert got == pytest.approx(within + 0.34 - 2 * 0.19, abs=1e-6)


def test_mmd_of_two_points() -> None:
    """Half of all pairs are d apart, so width² = d²/2 and the kernel is e⁻¹ there: 1 + 1 − 2/e."""
    assert value(made("mmd"), said(0.9, 0.9, 0.2, 0.2), [0] * 4, [0, 0, 1, 1]) == pytest.approx(2 - 2 / math.e)


def test_hsic_of_two_points_is_the_mmd_times_the_squared_shares() -> None:
    """p (1 − p) = 1/4, squared 1/16."""
    got = value(made("hsic"), said(0.9, 0.9, 0.2, 0.2), [0] * 4, [0, 0, 1, 1])
    assert got == pytest.approx((2 - 2 / math.e) / 16)


def test_hsic_is_the_centred_sum_where_rows_repeat() -> None:
    """With pairs of a row with itself, tr(K H L H)/n² by the book; many copies of each row make them harmless."""
    copies = 200
    logits = said(*[0.9, 0.3] * copies, *[0.2, 0.5, 0.3] * copies)
    z = [0] * 2 * copies + [1] * 3 * copies
    n, penalty = len(z), made("hsic")
    centre = torch.eye(n) - 1 / n
    member = torch.tensor(z).float()
    book = torch.trace(penalty.kernel(logits)[0] @ centre @ torch.outer(member, member) @ centre) / n**2
    assert value(penalty, logits, [0] * n, z) == pytest.approx(book.item(), rel=0.02)


@pytest.mark.parametrize("kind", PENALTIES)
class TestEveryPenalty:
    @pytest.mark.parametrize("conditions_on_label", [False, True])
    def test_noise_alone_is_nothing_on_average_and_a_shift_is_something(
        self, kind: str, conditions_on_label: bool
    ) -> None:
        none = noise(kind, conditions_on_label=conditions_on_label)
        assert abs(none.mean().item()) < 3 * none.std().item() / 20
        assert noise(kind, shift=2.0, conditions_on_label=conditions_on_label).mean() > 5 * none.std() / 20

    def test_one_loss_for_each_lam(self, kind: str) -> None:
        assert noise(kind).shape == (400,)

    def test_rows_may_come_in_any_order(self, kind: str) -> None:
        logits, y, z = said(0.9, 0.7, 0.3, 0.2), [0, 1, 0, 1], [0, 0, 1, 1]
        order = [2, 0, 3, 1]
        moved = value(made(kind), logits[:, order], [y[i] for i in order], [z[i] for i in order])
        assert moved == pytest.approx(value(made(kind), logits, y, z))

    def test_constant_added_to_all_logits_changes_nothing(self, kind: str) -> None:
        logits, z = said(0.9, 0.7, 0.3, 0.2), [0, 0, 1, 1]
        shifted = value(made(kind), logits + 5.0, [0] * 4, z)
        assert shifted == pytest.approx(value(made(kind), logits, [0] * 4, z), abs=1e-5)

    def test_group_with_fewer_than_two_rows_counts_for_nothing_and_has_a_finite_gradient(self, kind: str) -> None:
        logits = said(0.9, 0.7, 0.3, 0.2).requires_grad_()
        rows = (torch.zeros(1, 4, dtype=torch.long), torch.tensor([[0, 1, 1, 1]]), ONES, torch.ones(1, 4))
        loss = made(kind)(logits, *rows)
        assert loss.item() == 0
        loss.sum().backward()
        assert torch.isfinite(logits.grad).all()

    def test_overlapping_groups_are_each_compared_with_the_rest(self, kind: str) -> None:
        """Group b has a member in each half, so that only a's difference is left: half of it, as the mean of two."""
        groups = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))
        logits, z = said(0.9, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2), [1, 3, 1, 3, 0, 2, 0, 2]
        both = value(made(kind, groups=groups), logits, [0] * 8, z)
        alone = value(made(kind), logits, [0] * 8, [0] * 4 + [1] * 4)
        assert 0 < both < alone

    def test_following_the_gradient_brings_the_groups_together(self, kind: str) -> None:
        logits = said(0.9, 0.7, 0.3, 0.2).requires_grad_()
        rows = (torch.zeros(1, 4, dtype=torch.long), torch.tensor([[0, 0, 1, 1]]), ONES, torch.ones(1, 4))
        optimizer, penalty = torch.optim.Adam([logits], lr=0.01), made(kind)
        before = (logits[0, :2, 1] - logits[0, :2, 0]).mean() - (logits[0, 2:, 1] - logits[0, 2:, 0]).mean()
        for _ in range(10):
            optimizer.zero_grad()
            penalty(logits, *rows).sum().backward()
            optimizer.step()
        after = (logits[0, :2, 1] - logits[0, :2, 0]).mean() - (logits[0, 2:, 1] - logits[0, 2:, 0]).mean()
        assert after < before
