"""Saved test rows are listed in the ratio in which all test rows were gained and lost."""

import numpy as np

from app.presenters import row_order
from fairprog_core.results.gallery_layout import Gallery


def change(gained, lost):
    return {"gained": {"rows": gained}, "lost": {"rows": lost}}


def test_two_of_three_changed_rows_are_gains_where_twice_as_many_were_gained():
    """Gains at 1/20, 2/20, 3/20 …, losses at 1/10, 2/10: a gain, a gain (before the loss at the same place), a loss."""
    assert row_order.alternate([1, 2, 3, 4], [8, 9], 20, 10) == [1, 2, 8, 3, 4, 9]
    assert row_order.alternate([1], [7, 8, 9], 10, 30) == [7, 8, 1, 9]
    assert row_order.alternate([1, 2], [], 0, 5) == [1, 2]


def test_changed_rows_come_first_and_the_rest_keep_their_order():
    right, wrong = [0.0, 1.0], [1.0, 0.0]  # y = 1
    without = np.array([right, right, wrong, wrong])
    now = np.array([right, wrong, right, wrong])[:, None]
    arrays = {"y": np.ones(4, dtype=np.int64), "lams": np.array([2.0]), "logits": now, "logits_without": without}
    gallery = Gallery(arrays, {})
    assert row_order.ranks(gallery, 2.0, [change(3, 1), change(1, 1)]) == [2, 1, 0, 3]  # row 2 was gained, row 1 lost
