"""The frozen base classifier of a study: cached, shipped, or trained now."""

import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze, read_classifier, save_classifier
from fairprog_core.common.errors import ArtifactError, ConfigError, ModelError, shorten
from fairprog_core.common.files import model_file
from fairprog_core.common.files.file_stamp import FileStamp, file_stamp
from fairprog_core.common.files.model_file import first_not_finite
from fairprog_core.common.home import Home, assets, is_whole, making_once, replacing, user_path
from fairprog_core.common.options import digest_of
from fairprog_core.common.records import BaseRecord
from fairprog_core.data.base import Dataset, Split
from fairprog_core.study import Study
from fairprog_core.training import base_classifier
from fairprog_core.training.random_state import with_own_randomness

CACHE_VERSION = 1  # raise it when the same options would train another classifier; part of every key


def base_key(study: Study, dataset: Dataset) -> str:
    """Content key of a base: a digest of everything that determines its weights."""
    return digest_of(
        {
            "options": study.classifier.content(exclude={"source"}),
            **CLASSIFIERS[study.classifier.kind].load().cache_inputs(study.classifier),
            **_origin(study, dataset),
            "recipe": CACHE_VERSION,
        }
    )


def _origin(study: Study, dataset: Dataset) -> dict[str, object]:
    """What the weights of a base come from besides its options: training rows, or the labels that outputs stand for."""
    if study.classifier.needs_training:
        return {"data": dataset.split_digest("train"), "seed": study.base_seed}
    return {"labels": dataset.labels, "image_size": _side(study, dataset)}


def _side(study: Study, dataset: Dataset) -> int | None:
    """The side of the data's pictures; None: they are texts, or their options do not say it."""
    return getattr(study.dataset, "image_size", None) if dataset.modality == "image" else None


def find_base(study: Study, dataset: Dataset, home: Home, *, own: Path | None = None) -> Path | None:
    """The file of an existing base, or None; a damaged one in the home's ``models/`` is renamed.

    Args:
        own: path of the base in the run folder; a file from an earlier attempt has priority.

    Raises:
        ModelError: the study asks for a shipped base, and none is shipped for it.
        ArtifactError: the base in the run folder or the shipped one is damaged.
    """
    if own is not None and own.exists():
        if damage := find_damage(own):
            raise ArtifactError(
                f"{own}, the base that this run keeps, is damaged ({shorten(damage, 80)}); delete it and resume the "
                "run: it is then copied or trained again."
            )
        return own
    key = base_key(study, dataset)
    cached, shipped = _trained(key, home), assets() / "classifiers" / f"{key}.safetensors"
    source = study.classifier.weights_from
    if source == "shipped" and not shipped.exists():
        raise ModelError(
            f"No base is shipped for this data, classifier and base_seed {study.base_seed}; "
            "set classifier.source to auto to train one."
        )
    if source == "auto" and is_whole(cached, find_damage):
        return cached
    if source == "train" or not shipped.exists():
        return None
    if damage := find_damage(shipped):
        raise ArtifactError(
            f"{shipped}, a base that is shipped with fairprog, is damaged ({shorten(damage, 80)}); install "
            "fairprog again, or set classifier.source to train."
        )
    return shipped


def find_damage(path: Path) -> str | None:
    """The damage of a classifier file, or None."""
    if damage := model_file.find_damage(path):
        return damage
    return None if _can_be_opened(path, file_stamp(path)) else "its weights do not fit its description"


@lru_cache(maxsize=64)
def _can_be_opened(path: Path, stamp: FileStamp) -> bool:
    """Whether a classifier can be made from a file; not tried again while the file has this stamp."""
    try:
        read_classifier(path, CLASSIFIERS)
    except (ArtifactError, ConfigError, KeyError, TypeError, ValueError, AttributeError, RuntimeError):
        return False
    return True


def train_base(study: Study, dataset: Dataset, home: Home, *, device: torch.device) -> Iterator[float | BaseRecord]:
    """Train the base, or take it as it is, and save it in the home's ``models/``.

    Yields:
        The finished share, a float, after every batch; a "base" record from time to time.

    Raises:
        ModelError: the training diverged.
    """
    path = _trained(base_key(study, dataset), home)
    is_trained = study.classifier.needs_training
    split = dataset.split("train") if is_trained else _no_rows(study, dataset)
    with making_once(path, find_damage) as is_missing:
        if not is_missing and study.classifier.weights_from != "train":  # another process trained it meanwhile
            return
        torch.manual_seed(study.base_seed)
        implementation: type[Classifier] = CLASSIFIERS[study.classifier.kind].load()
        classifier = implementation.new_for(study.classifier, labels=dataset.labels, split=split)
        if is_trained:
            split = classifier.prepare(split)
            training = base_classifier.train(
                classifier, split, options=study.classifier, seed=study.base_seed, device=device
            )
            yield from with_own_randomness(training)
        wrong = first_not_finite(classifier.state_to_save())
        if wrong is not None and not is_trained:
            raise ModelError(
                f"The weights of the classifier are not all finite ({shorten(wrong, 60)} is not); give a model whose "
                "weights are whole."
            )
        if wrong is not None:
            raise ModelError(
                "The training of the base classifier ended in weights that are not finite; choose a lower "
                "classifier.learning_rate."
            )
        save_classifier(
            classifier.cpu(), path, key=path.stem, seed=study.base_seed, labels=dataset.labels,
            groups=dataset.groups.names, dataset=study.dataset.to_json(),
            data=dataset.split_digest("train") if is_trained else "",
        )  # fmt: skip


def _no_rows(study: Study, dataset: Dataset) -> Split:
    """A split without rows, which shows the form of the inputs to a base that is not trained; needs no data if it can.

    Its classes and groups are those of the data.
    """
    side = _side(study, dataset)
    if dataset.modality == "image" and side is None:
        return dataset.split("test")
    n = len(dataset.groups.patterns)
    x = np.empty(0, dtype=object) if side is None else np.empty((0, side, side, 3), np.uint8)
    nothing = np.empty(0, dtype=np.int64)
    return Split(x, nothing, nothing, np.zeros((n, len(dataset.labels))), is_stratified=False)


def keep_base(own: Path, study: Study, dataset: Dataset, home: Home) -> None:
    """Copy the base that was found or trained to ``own`` in the run folder, unless the file exists.

    Raises:
        ModelError: the study asks for a shipped base, and none is shipped for it.
        ArtifactError: the base that was found is damaged; the error names that file, not the copy.
    """
    if not own.exists():
        found = find_base(study, dataset, home) or _trained(base_key(study, dataset), home)
        if not found.is_file() or find_damage(found):
            read_classifier(found, CLASSIFIERS)  # refuses to copy a damaged file, and says what it is
        with replacing(own) as part:
            shutil.copyfile(found, part)  # models of others may be larger than memory


def share_base(own: Path, study: Study, dataset: Dataset, home: Home) -> None:
    """Copy the base in a run folder, which another machine has trained, to where other studies find it."""
    path = _trained(base_key(study, dataset), home)
    with making_once(path, find_damage) as is_missing:
        if is_missing:
            with replacing(path) as part:
                shutil.copyfile(own, part)


def _trained(key: str, home: Home) -> Path:
    """The file in the home's ``models/`` that a training writes."""
    return home.models / f"{key}.safetensors"


def load_base(path: Path, device: torch.device) -> Classifier:
    """Read a base of a run and freeze it; a black box keeps its answers beside the file."""
    classifier = freeze(read_classifier(path, CLASSIFIERS)[0]).to(device)
    classifier.keep_in(path.parent)
    return classifier


def load_classifier(path: str | Path, *, device: torch.device | str = "cpu") -> Classifier:
    """Read a classifier file that a run wrote, e.g. ``base/classifier.safetensors`` of its folder; frozen.

    Raises:
        ArtifactError: the file is missing, damaged or not a classifier of fairprog.
        ConfigError: the path is not valid.
    """
    return freeze(read_classifier(user_path(path), CLASSIFIERS)[0]).to(device)
