import numpy as np
import pytest
import torch

from fairprog_core.classifiers.image import ImageClassifier, to_pixels
from fairprog_core.common.options import Options
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import MOST_CELLS, EvenSampler

CPU = torch.device("cpu")


class Photos(ImageClassifier):
    """Takes photos and makes nothing of them."""

    def __init__(self) -> None:
        super().__init__(Options(), n_classes=2, image_size=4)
        self.anywhere = torch.nn.Parameter(torch.zeros(1))


def natural(n: int = 400) -> Split:
    """Rows in the mix P(z=1) = 1/4, P(y=1 | z) = 1/2 and 1/10; pixel values name the row."""
    z = np.repeat([0, 1], [3 * n // 4, n // 4])
    y = np.concatenate([np.arange(3 * n // 4) % 2, (np.arange(n // 4) % 10 == 0).astype(int)])
    share = np.array([[np.mean((z == a) & (y == b)) for b in (0, 1)] for a in (0, 1)])
    x = np.broadcast_to((np.arange(n) % 256).astype(np.uint8)[:, None, None, None], (n, 4, 4, 3))
    return Split(x, y.astype(np.int64), z.astype(np.int64), share, False)


def sampler(split: Split, **changes: int) -> EvenSampler:
    return EvenSampler(split, Photos().to_input, **{"per_cell": 5, "copies": 3, "seed": 0, **changes}, device=CPU)


def test_every_copy_holds_every_cell_equally_often() -> None:
    batch = sampler(natural())(0)
    codes = (batch.z * 2 + batch.y).view(3, 20)
    for copy in codes:
        assert torch.bincount(copy).tolist() == [5, 5, 5, 5]


def test_weights_bring_a_batch_back_to_the_natural_mix() -> None:
    """Weighted shares of the cells equal 3/8, 3/8, 9/40, 1/40."""
    batch = sampler(natural())(0)
    assert batch.weight.mean().item() == pytest.approx(1.0)
    codes = batch.z * 2 + batch.y
    shares = [batch.weight[codes == code].sum().item() / len(codes) for code in range(4)]
    assert shares == pytest.approx([3 / 8, 3 / 8, 9 / 40, 1 / 40])


def test_cell_without_rows_is_left_out_and_the_rest_sums_to_one() -> None:
    split = natural()
    keep = ~((split.z == 1) & (split.y == 1))
    rest = Split(split.x[keep], split.y[keep], split.z[keep], split.cell_share, False)
    batch = sampler(rest)(0)
    assert len(batch.y) == 3 * 3 * 5
    assert batch.weight.mean().item() == pytest.approx(1.0)


def test_same_step_gives_the_same_batch_and_another_step_another() -> None:
    split = natural()
    first, again, other = sampler(split)(4), sampler(split)(4), sampler(split)(5)
    assert torch.equal(first.x, again.x)
    assert not torch.equal(first.x, other.x)


def test_every_row_of_a_cell_is_seen_once_in_a_pass_by_every_copy() -> None:
    """The rarest cell (z=1, y=1) has 10 of 400 rows: 2 steps of 5 rows are a pass, in an order of its own."""
    draw = sampler(natural())
    orders = set()
    for copy in range(3):
        for first in (0, 2, 4):
            batches = [draw(step) for step in (first, first + 1)]
            rows = [(b.x[:, 0, 0, 0].view(3, 20)[copy, 15:] * 255).round().long().tolist() for b in batches]
            seen = rows[0] + rows[1]
            assert sorted(seen) == sorted({(300 + 10 * i) % 256 for i in range(10)})
            orders.add(tuple(seen))
    assert len(orders) == 9


def test_cell_smaller_than_its_part_of_a_batch_is_gone_through_again_and_again() -> None:
    draw = sampler(natural(40), per_cell=5, copies=1)  # one row with z = 1 and y = 1
    assert draw(3).y.tolist().count(1) == 10


def test_photo_and_label_stay_together() -> None:
    split = natural(200)
    batch = sampler(split)(1)
    rows = (batch.x[:, 0, 0, 0] * 255).round().long()
    assert torch.equal(batch.y, torch.from_numpy(split.y)[rows])
    assert torch.equal(batch.z, torch.from_numpy(split.z)[rows])


def test_to_pixels_scales_and_reorders() -> None:
    image = np.zeros((1, 2, 3, 3), dtype=np.uint8)
    image[0, 1, 2] = (255, 51, 0)
    pixels = to_pixels(image, CPU)
    assert pixels.shape == (1, 3, 2, 3)
    assert pixels[0, :, 1, 2].tolist() == pytest.approx([1.0, 0.2, 0.0])


def test_many_cells_take_turns_and_weights_still_bring_back_the_natural_mix() -> None:
    """40 cells of 5 rows with shares 1 … 40: no batch holds more than 16 cells per copy, all appear in time."""
    z, y = np.repeat(np.arange(20), 10), np.arange(200) // 5 % 2
    share = np.arange(1.0, 41).reshape(20, 2) / np.arange(1.0, 41).sum()
    split = Split(np.zeros((200, 4, 4, 3), np.uint8), y, z, share, False)
    draw = sampler(split, per_cell=1, copies=1)
    batches = [draw(step) for step in range(400)]
    assert {len(batch.y) for batch in batches} == {MOST_CELLS}
    codes = torch.cat([batch.z * 2 + batch.y for batch in batches])
    weights = torch.cat([batch.weight for batch in batches])
    found = torch.zeros(40).index_add(0, codes, weights) / weights.sum()
    assert found.numpy() == pytest.approx(share.ravel(), rel=0.2)
