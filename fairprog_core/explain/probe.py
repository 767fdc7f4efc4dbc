"""Demographic classifiers: networks that predict the group, applied to inputs that hold only the trigger.

They are trained on the tuning split without any trigger. Two start from new weights (texts: from the pretrained
encoder) and one from the base's weights. A group that only the last one predicts may say more about the base than
about the trigger.

Source: the paper's demographic classifier on an empty input with the trigger (Zhang et al. 2022,
Fairness Reprogramming); more initialisations, more empty inputs and the controls are ours.

Notation: n rows, d features, g groups, p group patterns, e empty inputs.
"""

import copy
import shutil
from collections.abc import Generator, Iterator, Sequence
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS, TrainedOptions
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ModelError
from fairprog_core.common.files.model_file import find_damage
from fairprog_core.common.files.tensor_file import read_tensors, save_tensors
from fairprog_core.common.home import Home, assets, making_once, replacing
from fairprog_core.common.options import digest_of
from fairprog_core.data.base import Dataset, Split
from fairprog_core.explain import DemographicClassifierOptions, Init
from fairprog_core.explain.averages import Pool
from fairprog_core.explain.base import Work, labelled
from fairprog_core.explain.conditions import Conditions
from fairprog_core.metrics.explanations.probe import DemographicPrediction
from fairprog_core.training.base_classifier import train
from fairprog_core.training.random_state import with_own_randomness

INITS: tuple[Init, ...] = get_args(Init)
FORMAT = "fairprog.demographic/1"


def predict_empty_inputs(
    dataset: Dataset,
    base: Classifier,
    pool: Pool,
    conditions: Conditions[Any],
    inputs: Sequence[Any],
    *,
    nulls: Sequence[str],
    options: DemographicClassifierOptions,
    home: Home,
) -> Work[list[DemographicPrediction]]:
    """Train the demographic classifiers, or load them, and predict the group of the empty inputs.

    If the pretrained model of the first two is no longer available, only the third is used.

    Args:
        dataset: its tuning split trains them.
        base: the frozen base classifier; not changed.
        pool: the test rows on which their accuracy is measured.
        conditions: give the names of the result.
        inputs: per condition on the base: the e empty inputs as a classifier takes them.
        nulls: names of the e empty inputs.
        options: how they are trained.
        home: whose cache keeps them.

    Returns:
        One for each of `INITS` that is available.
    """
    rows, found = pool.rows(), []
    for init in INITS:
        training = demographic_classifier(init, dataset, base, home=home, options=options)
        try:
            classifier = yield from labelled(training, f"Demographic classifier, {init}")
        except ModelError:
            continue
        accuracy = rows.mean(predict(classifier, classifier.prepare(pool.split)).y_pred == pool.split.z)
        probability = [
            group_probability(classifier, x, dataset.groups.patterns).tolist() for x in inputs
        ]  # per condition (e, g)
        found.append(DemographicPrediction(
            name="weights of the base" if init == "base weights" else f"{options.start} weights, {init}",
            init=init,
            accuracy=accuracy and accuracy["value"],
            accuracy_ci=accuracy and accuracy["ci"],
            n=accuracy and accuracy["n"],
            probability={null: conditions.by_condition([p[i] for p in probability]) for i, null in enumerate(nulls)},
        ))  # fmt: skip
    return found


def demographic_classifier(
    init: Init, dataset: Dataset, base: Classifier, *, home: Home, options: DemographicClassifierOptions
) -> Generator[float, None, Classifier]:
    """A frozen classifier of the group pattern, from the cache, shipped, or trained now; on the base's device.

    Those of the quick preset of faces are shipped. The key holds the tuning split, the schedule and the first weights
    (of the base for "base weights"), so all curves of a study share one entry.

    Args:
        init: where its first weights come from.
        dataset: its tuning split trains the classifier.
        base: the frozen base classifier; not changed.
        home: whose cache keeps it.
        options: rows and schedule.

    Yields:
        The finished share of the training, several times.

    Returns:
        The classifier, inputs -> (k, p).
    """
    schedule = options.schedule(init)
    content = {
        "format": FORMAT,
        "init": init,
        "data": dataset.split_digest("tune"),
        "base": base.digest() if init == "base weights" else base.input_spec,
        "rows": options.rows,
        "schedule": schedule.content(exclude={"source"}),
        **({} if init == "base weights" else CLASSIFIERS[schedule.kind].load().cache_inputs(schedule)),
    }
    path = home.cache / "demographic" / f"{digest_of(content)}.safetensors"
    tune = dataset.split("tune")
    classifier = _untrained(init, base, schedule, tune, len(dataset.groups.patterns))
    expected = classifier.state_to_save()
    shipped = assets() / "demographic" / path.name
    with making_once(path, lambda file: find_damage(file, expected)) as is_missing:
        if is_missing and shipped.is_file() and find_damage(shipped, expected) is None:
            with replacing(path) as part:
                shutil.copyfile(shipped, part)
        elif is_missing:
            work = _train(classifier, tune, schedule, options.rows, INITS.index(init) + 1, base.device)
            yield from with_own_randomness(work, seed=INITS.index(init) + 1)
            with replacing(path) as part:
                save_tensors(part, classifier.cpu().state_to_save(), {})
    classifier.load_state_dict(classifier.state_dict() | read_tensors(path)[0])
    return freeze(classifier.to(base.device))


def _untrained(init: Init, base: Classifier, schedule: TrainedOptions, tune: Split, n_patterns: int) -> Classifier:
    """A classifier before its training; torch's global random state does not change."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(INITS.index(init) + 1)
        if init != "base weights":
            made: Classifier = CLASSIFIERS[schedule.kind].load().new(schedule, n_classes=n_patterns, split=tune)
            return made
        if not isinstance(base.head, nn.Linear):
            raise ModelError("The base has no last linear layer that could be replaced by one for the groups.")
        classifier = copy.deepcopy(base).cpu()
        classifier.unfreeze()
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
    classifier: Classifier, tune: Split, schedule: TrainedOptions, n: int, seed: int, device: torch.device
) -> Iterator[float]:
    """Fit the group pattern on n rows of the tuning split, drawn at random."""
    rows = np.sort(np.random.default_rng(0).permutation(len(tune.z))[:n])
    z = tune.z[rows]
    split = classifier.prepare(Split(tune.x[rows], z, z, tune.cell_share, is_stratified=False))
    for record in train(classifier, split, options=schedule, seed=seed, device=device):
        if not isinstance(record, float):
            yield record["step"] / record["steps"]


@torch.inference_mode()
def group_probability(classifier: nn.Module, x: Any, patterns: NDArray[np.bool_]) -> NDArray[np.float64]:
    """P(group) of k inputs by a demographic classifier -> (k, g); patterns is (p, g)."""
    probability: NDArray[np.float64] = classifier(x).double().softmax(1).cpu().numpy() @ patterns
    return probability
