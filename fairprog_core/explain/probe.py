"""Demographic classifiers: what another network reads in a picture that holds nothing but the trigger.

They are trained on the tuning split without any trigger, to predict the group. Two start from
new weights and one from the base's: what only the last one reads may say more about the base
than about the trigger.

Source: the paper's demographic classifier on an empty input with the trigger (Zhang et al. 2022,
Fairness Reprogramming); more initialisations, more empty inputs and the controls are ours.

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
from fairprog_core.classifiers.base import freeze
from fairprog_core.classifiers.image import ImageClassifier, ResidualNet
from fairprog_core.data.base import Dataset, Split
from fairprog_core.explain import ProbeOptions
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
    init: Init, dataset: Dataset, base: ImageClassifier, *, home: Home, options: ProbeOptions, device: torch.device
) -> Generator[float, None, ImageClassifier]:
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


def _untrained(init: Init, base: ImageClassifier, n_patterns: int) -> ImageClassifier:
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
    classifier: ImageClassifier, tune: Split, init: Init, options: ProbeOptions, device: torch.device
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
        if "step" in record:
            yield record["step"] / record["steps"]


@torch.inference_mode()
def group_probability(classifier: nn.Module, x: Tensor, patterns: NDArray[np.bool_]) -> NDArray[np.float64]:
    """P(group) of pictures x (k, 3, s, s) by a demographic classifier -> (k, g); patterns is (p, g)."""
    probability: NDArray[np.float64] = classifier(x).double().softmax(1).cpu().numpy() @ patterns
    return probability
