import numpy as np

from fairprog_core.classifiers.base import freeze
from fairprog_core.classifiers.predict import predict
from fairprog_core.data.base import Split
from fairprog_core.methods.pseudo_labels import pseudo_labelled
from tests.contracts.samples import make_classifier, rows

CLASSIFIER = freeze(make_classifier("residual_net"))


def test_pseudo_labels_are_the_classifiers_predictions_and_true_labels_change_nothing() -> None:
    split = rows("image")
    other = Split(split.x, 1 - split.y, split.z, split.cell_share, False)
    found, again = pseudo_labelled(split, CLASSIFIER), pseudo_labelled(other, CLASSIFIER)
    assert np.array_equal(found.y, predict(CLASSIFIER, split).y_pred)
    assert np.array_equal(found.y, again.y)
    assert np.array_equal(found.cell_share, again.cell_share)


def test_natural_share_is_counted_on_rows_drawn_as_they_come() -> None:
    split = rows("image")
    found = pseudo_labelled(split, CLASSIFIER)
    for z in (0, 1):
        for said in (0, 1):
            assert found.cell_share[z, said] == np.mean((split.z == z) & (found.y == said))


def test_natural_share_of_rows_drawn_evenly_follows_their_weights() -> None:
    """Label 1 has a tenth of the natural mix and half of the rows, so each of its rows counts a fifth of one."""
    split = rows("image")
    split = Split(split.x, split.y, split.z, np.array([[0.45, 0.05], [0.45, 0.05]]), True)
    found = pseudo_labelled(split, CLASSIFIER)
    counts = np.zeros((2, 2))
    for z, y, said in zip(split.z, split.y, found.y, strict=True):
        counts[z, said] += 0.2 if y == 1 else 1.8
    np.testing.assert_allclose(found.cell_share, counts / counts.sum())
