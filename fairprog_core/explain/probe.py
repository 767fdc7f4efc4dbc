"""Demographic classifiers: what another network reads in a picture that holds nothing but the trigger.

They are trained on the tuning split without any trigger, to predict the group. Two start from
new weights and one from the base's: what only the last one reads may say more about the base
than about the trigger. Beside them: how well the group can be read from the base's own features.

Source: the paper's section 4.3 (a demographic classifier on a blank input with the trigger).

Notation: n rows, d features, g groups, p group patterns, s image side.
"""

import copy
from collections.abc import Generator, Iterator
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fairprog_core.classifiers import ResidualNetOptions
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.classifiers.image import ResidualNet
from fairprog_core.data.base import Dataset, Split
from fairprog_core.explain import ProbeOptions
from fairprog_core.explain.averages import draw_evenly
from fairprog_core.home import Home, making_once, replacing
from fairprog_core.methods.erm import train
from fairprog_core.options import digest_of

Init = Literal["seed 1", "seed 2", "base weights"]
INITS: tuple[Init, ...] = get_args(Init)
NULLS = ("mean", "black", "grey", "noise")
FORMAT = "fairprog.demographic/1"


def null_pictures(split: Split, *, seed: int = 0, rows: int = 1000) -> NDArray[np.uint8]:
    """Pictures (4, s, s, 3) uint8 without content, in the order of `NULLS`.

    The mean is over the first rows of the split, weighted to the natural mix.
    """
    pictures, weight = split.x[:rows], split.weight[:rows]
    mean = np.tensordot((weight / weight.sum()).astype(np.float32), pictures.astype(np.float32), axes=1)
    noise = np.random.default_rng(seed).integers(0, 256, pictures.shape[1:])
    nulls = [np.rint(mean), np.zeros_like(noise), np.full_like(noise, 128), noise]
    return np.stack(nulls).astype(np.uint8)


def demographic_classifier(
    init: Init, dataset: Dataset, base: Classifier, *, home: Home, options: ProbeOptions, device: torch.device
) -> Generator[float, None, Classifier]:
    """A frozen classifier of the group pattern, from the cache or trained now.

    The cache entry depends on the tuning split, the options and, for "base weights", the base: all
    curves of a study share it.

    Args:
        init: where its first weights come from.
        dataset: its tuning split is learned from.
        base: the frozen base classifier; not changed.
        home: whose cache keeps it.
        options: rows and schedule.
        device: where to compute.

    Yields:
        The finished share of the training, once per epoch.

    Returns:
        The classifier, (k, 3, s, s) -> (k, p).
    """
    n_patterns = len(dataset.groups.patterns)
    content = {
        "format": FORMAT,
        "init": init,
        "data": dataset.split_digest("tune"),
        "base": base.digest() if init == "base weights" else base.image_size,
        "options": options.to_json(),
    }
    path = home.cache / "demographic" / f"{digest_of(content)}.safetensors"
    classifier = _untrained(init, base, n_patterns)
    with making_once(path) as is_missing:
        if is_missing:
            yield from _train(classifier, dataset.split("tune"), init, options, device)
            with replacing(path) as part:
                save_file({name: value.cpu().contiguous() for name, value in classifier.state_dict().items()}, part)
    classifier.load_state_dict(load_file(path))
    return freeze(classifier.to(device))


def _untrained(init: Init, base: Classifier, n_patterns: int) -> Classifier:
    """A classifier before its training; the global random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(INITS.index(init) + 1)
        if init != "base weights":
            return ResidualNet(ResidualNetOptions(), n_classes=n_patterns, image_size=base.image_size)
        classifier = copy.deepcopy(base).cpu().requires_grad_(True)
        old = classifier.head
        assert isinstance(old, nn.Linear)
        new = nn.Linear(old.in_features, n_patterns)
    for parent in list(classifier.modules()):
        for name, child in parent.named_children():
            if child is old:
                setattr(parent, name, new)
    classifier.n_classes = n_patterns
    return classifier


def _train(
    classifier: Classifier, tune: Split, init: Init, options: ProbeOptions, device: torch.device
) -> Iterator[float]:
    """Fit the group pattern on rows of the tuning split, drawn at random."""
    rows = np.sort(np.random.default_rng(0).permutation(len(tune.z))[: options.rows])
    z = tune.z[rows]
    split = Split(tune.x[rows], z, z, tune.cell_share, is_stratified=False)
    schedule = ResidualNetOptions(
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.warm_learning_rate if init == "base weights" else options.learning_rate,
    )
    for record in train(classifier, split, options=schedule, seed=INITS.index(init) + 1, device=device):
        yield record["epoch"] / record["epochs"]


@torch.inference_mode()
def group_probability(classifier: nn.Module, x: Tensor, patterns: NDArray[np.bool_]) -> NDArray[np.float64]:
    """P(group) of pictures x (k, 3, s, s) by a demographic classifier -> (k, g); patterns is (p, g)."""
    probability: NDArray[np.float64] = classifier(x).double().softmax(1).cpu().numpy() @ patterns
    return probability


def read_from_features(
    features: NDArray[np.floating],
    z: NDArray[np.int64],
    y: NDArray[np.int64],
    *,
    seen: NDArray[np.floating] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Which rows' pattern z (n,) a logistic regression reads from features (n, d), cross-validated.

    Ridge as scikit-learn's ``LogisticRegression(C=1)`` on standardised features, one against the
    rest. Rows count evenly over the (z, y) cells, so that knowing the label alone does not help.

    Args:
        features: what the regression learns from.
        z: what it learns to tell.
        y: labels, for the weights.
        seen: features (n, d) of the same rows that it is then asked about; None: the same ones.
        folds: of the cross-validation; a row is never asked about by a regression that learned from it.
        seed: of the folds.

    Returns:
        (n,) 1.0 where the row's pattern was read, else 0.0.
    """
    fold = np.empty(len(z), dtype=np.int64)
    fold[draw_evenly(y, z, len(z), seed=seed)] = np.arange(len(z)) % folds
    weight, names = even_weight(z, y), np.unique(z)
    right = np.zeros(len(z))
    for held_out in range(folds):
        fit, test = fold != held_out, fold == held_out
        mean, spread = features[fit].mean(0), features[fit].std(0) + 1e-6
        x, asked = (
            _with_constant((values - mean) / spread) for values in (features, features if seen is None else seen)
        )
        told = [logistic_regression(x[fit], z[fit] == name, weight[fit]) for name in names]
        right[test] = names[(asked[test] @ np.stack(told, 1)).argmax(1)] == z[test]
    return right


def _with_constant(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, d) -> (n, d + 1), the last column ones."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1, dtype=np.float64)


def even_weight(z: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (n,) with mean one under which every (z, y) cell that has rows counts alike."""
    _, cell, counts = np.unique(np.stack([z, y]), axis=1, return_inverse=True, return_counts=True)
    weight: NDArray[np.float64] = len(z) / (len(counts) * counts[cell.ravel()])
    return weight


def logistic_regression(
    x: NDArray[np.float64], is_one: NDArray[np.bool_], weight: NDArray[np.float64], *, steps: int = 50
) -> NDArray[np.float64]:
    """Coefficients (d + 1,) of a ridge logistic regression, by Newton's method with step halving.

    Args:
        x: (n, d + 1), the last column is the constant, which is not penalised.
        is_one: (n,) the outcome.
        weight: (n,) of the rows.
        steps: Newton steps at most.
    """
    ridge = np.ones(x.shape[1])
    ridge[-1] = 1e-9
    sign = np.where(is_one, 1.0, -1.0)

    def loss(w: NDArray[np.float64]) -> float:
        return float(weight @ np.logaddexp(0, -sign * (x @ w)) + 0.5 * ridge @ w**2)

    w, now = np.zeros(x.shape[1]), loss(np.zeros(x.shape[1]))
    for _ in range(steps):
        p = 0.5 * (1 + np.tanh(0.5 * (x @ w)))
        gradient = x.T @ (weight * (p - is_one)) + ridge * w
        hessian = (x.T * (weight * p * (1 - p))) @ x + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while loss(w - size * step) > now and size > 1e-3:
            size /= 2
        w = w - size * step
        before, now = now, loss(w)
        if before - now < 1e-8 * max(1.0, before):
            break
    return w
