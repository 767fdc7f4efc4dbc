"""Pseudo labels: the classifier's predictions, used as labels so that the tuning rows need none.

Source: the paper's section 4.3 studies few labelled rows; the authors' code has this option.
"""

import numpy as np

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.data.base import Split


def pseudo_labelled(split: Split, classifier: Classifier) -> Split:
    """A split with the frozen classifier's predictions in place of its labels.

    The natural share of every (group, prediction) cell is estimated from these rows: by counts, or by weights if the
    rows were drawn evenly over the true labels.
    """
    predicted = predict(classifier, split).y_pred
    share = np.zeros_like(split.cell_share)
    np.add.at(share, (split.z, predicted), split.weight if split.is_stratified else 1.0)
    return Split(split.x, predicted, split.z, share / share.sum(), split.is_stratified)
