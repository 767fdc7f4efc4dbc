"""Rows labelled by the classifier itself, so that a trigger can be learned where nobody labelled any.

Source: the paper's section 4.3 asks for few labelled rows; the authors' code has this option.
"""

import numpy as np

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.data.base import Split


def pseudo_labelled(split: Split, classifier: Classifier) -> Split:
    """The rows of a split with the frozen classifier's predictions in place of their labels.

    The natural share of every (group, prediction) cell is counted on these rows: as they are where they were
    drawn as they come, by their weights where they were drawn evenly over the true labels.
    """
    said = predict(classifier, split).y_pred
    share = np.zeros_like(split.cell_share)
    np.add.at(share, (split.z, said), split.weight if split.is_stratified else 1.0)
    return Split(split.x, said, split.z, share / share.sum(), split.is_stratified)
