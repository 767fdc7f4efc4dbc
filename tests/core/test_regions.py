"""Regions and averages: shares, erasure, weights and intervals, by hand and by property."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from fairprog_core.common.registry import build
from fairprog_core.data.base import draw_evenly
from fairprog_core.explain.averages import WeightedRows, natural_weight
from fairprog_core.explain.image.regions import erase, erasure, share
from fairprog_core.triggers import TRIGGERS


class Sum(nn.Module):
    """Logits (0, sum of the pixels)."""

    def forward(self, x: Tensor) -> Tensor:
        total = x.sum((1, 2, 3))
        return torch.stack([torch.zeros_like(total), total], 1)


def test_share_equals_the_arithmetic():
    """Hair is the left column, face the right one: (1 + 2) / (1 + 2 + 3 + 0) = .5; signs do not matter."""
    maps = torch.tensor([[[1.0, 3.0], [-2.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    left = torch.tensor([[1.0, 0.0], [1.0, 0.0]]).expand(2, 2, 2)
    found = share(maps, left, 1 - left)
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])


def test_flat_map_has_the_share_of_the_areas():
    hair, face = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)
    hair[:, :2], face[:, 2:8] = 1, 1
    assert share(torch.ones(1, 2, 2), hair, face)[0] == pytest.approx(2 / 8)


def test_erased_region_gets_the_photos_mean_colour():
    """One channel holds 0, 1, 2, 3: mean 1.5. Only the first pixel is erased."""
    x = torch.arange(4.0).reshape(1, 1, 2, 2).expand(1, 3, 2, 2)
    mask = torch.tensor([[[True, False], [False, False]]])
    assert erase(x, mask)[0, 0].flatten().tolist() == [1.5, 1.0, 2.0, 3.0]


def test_erasure_is_the_size_of_the_margins_change():
    """Pixels sum to 3 · 6 = 18; erasing the last (3 → 1.5) takes 3 · 1.5 = 4.5, the first (0 → 1.5) adds it."""
    x = torch.arange(4.0).reshape(1, 1, 2, 2).expand(1, 3, 2, 2)
    logits = Sum()(x).numpy()
    for place in (0, 3):
        mask = torch.zeros(4, dtype=torch.bool)
        mask[place] = True
        assert erasure(Sum(), erase(x, mask.view(1, 2, 2)), logits) == pytest.approx(4.5)


def test_masks_move_with_the_photo_and_vanish_under_the_trigger():
    whole = torch.ones(1, 32, 32)
    border = build(TRIGGERS, TRIGGERS["border"].options(photo=0.5), image_size=32)
    assert border.place(whole).sum() == pytest.approx(16 * 16)
    patch = build(TRIGGERS, TRIGGERS["patch"].options(size=0.25), image_size=32)
    assert patch.place(whole).sum() == pytest.approx(32 * 32 - 8 * 8)


def test_weighted_mean_equals_the_arithmetic():
    """(1·0 + 3·1) / 4 = .75; the row with NaN does not count."""
    rows = WeightedRows(np.array([1.0, 3.0, 9.0]), np.array([0, 0, 0]))
    found = rows.mean(np.array([0.0, 1.0, np.nan]))
    assert found is not None
    assert found["value"] == pytest.approx(0.75)
    assert found["n"] == 2


def test_what_cannot_be_estimated_is_none():
    rows = WeightedRows(np.ones(2), np.zeros(2, dtype=np.int64))
    assert rows.mean(np.array([np.nan, np.nan])) is None
    assert rows.ratio(np.ones(2), np.zeros(2)) is None
    single = rows.mean(np.array([1.0, np.nan]))
    assert single is not None
    assert single["ci"] is None


def test_interval_covers_the_mean_in_about_95_of_100_samples():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(200):
        values = rng.normal(1.0, 2.0, 80)
        found = WeightedRows(np.ones(80), np.zeros(80, dtype=np.int64)).mean(values)
        assert found is not None
        assert found["ci"] is not None
        hits += found["ci"][0] <= 1.0 <= found["ci"][1]
    assert 0.89 <= hits / 200 <= 0.99


def test_cells_of_fixed_size_add_no_variance():
    """Two cells, each constant: however rows are redrawn within them, the mean stays."""
    rows = WeightedRows(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]))
    found = rows.mean(np.array([0.0, 0.0, 1.0, 1.0]))
    assert found is not None
    assert found["ci"] == pytest.approx([0.75, 0.75])


def test_rows_alone_in_their_cells_vary_as_rows_of_one_cell_do():
    """Eighty cells of one row each: the interval is that of eighty rows, not of width zero."""
    values = np.random.default_rng(0).random(80)
    alone, together = (
        WeightedRows(np.ones(80), np.arange(80)).mean(values),
        WeightedRows(np.ones(80), np.zeros(80, np.int64)).mean(values),
    )
    assert alone == together
    assert alone["ci"][0] < alone["value"] < alone["ci"][1]


def test_natural_weights_equal_the_arithmetic():
    """Shares .6, .2, .1, .1 of four cells with one row each: weights 2.4, .8, .4, .4."""
    share_of_cells = np.array([[0.6, 0.2], [0.1, 0.1]])
    weight = natural_weight(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), share_of_cells)
    assert weight == pytest.approx([2.4, 0.8, 0.4, 0.4])


@given(st.integers(1, 60), st.integers(0, 5))
def test_every_beginning_is_drawn_evenly(n: int, seed: int):
    y, z = np.arange(80) % 2, np.arange(80) // 2 % 2
    rows = draw_evenly(y, z, n, seed=seed)
    assert len(set(rows.tolist())) == n
    _, counts = np.unique(z[rows] * 2 + y[rows], return_counts=True)
    assert counts.max() - counts.min() <= 1


def test_small_cells_are_used_up():
    y = np.array([0] * 10 + [1] * 2)
    rows = draw_evenly(y, np.zeros(12, dtype=np.int64), 8, seed=0)
    assert y[rows].sum() == 2
