"""Opens the work of a study whose data and base are prepared: in the process that prepared them, or in another one."""

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from pydantic import JsonValue

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.common.types import Predictions
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, Split, SplitName
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.environment import describe
from fairprog_core.pipeline.jobs.frozen_base import base_key, load_base
from fairprog_core.pipeline.tasks.study_work import StudyWork
from fairprog_core.results.predictions_file import read_predictions, write_predictions
from fairprog_core.results.run_folder import base_file, base_predictions
from fairprog_core.study import Study
from fairprog_core.study.plan import CurvePlan

SMALL_SPLITS: tuple[SplitName, ...] = ("test", "val", "tune")  # every study needs them; "train" only some
ALL_SPLITS: tuple[SplitName, ...] = (*SMALL_SPLITS, "train")


def splits_of(plans: Iterable[CurvePlan]) -> tuple[SplitName, ...]:
    """The splits that curves need."""
    learned_from = {plan.method.learns_from for plan in plans}
    return tuple(name for name in ALL_SPLITS if name in SMALL_SPLITS or name in learned_from)


def open_context(
    study: Study, dataset: Dataset, folder: Path, device: torch.device, *, rows: Callable[[SplitName], Split]
) -> StudyContext:
    """The context of a study, without the base's predictions.

    Args:
        study: the study.
        dataset: its data.
        folder: the run folder, which holds the base.
        device: where to compute.
        rows: the rows of a split.
    """
    classifier: Classifier = load_base(base_file(folder), device)
    about: dict[str, JsonValue] = {
        "classifier": base_key(study, dataset), "data": dataset.split_digest("tune"),
        "versions": describe(device)["versions"],
        "labels": list(dataset.labels), "groups": list(dataset.groups.names),
    }  # fmt: skip
    splits: dict[str, Split] = {name: classifier.prepare(rows(name)) for name in splits_of(study.plan())}
    return StudyContext(study, dataset, classifier, splits, {}, folder, device, about)


def open_work(study: Study, home: Home, folder: Path, device: torch.device) -> StudyWork:
    """The work of a study in another process than the one that prepared its data and its base.

    Raises:
        FairprogError: a file of the run folder or of the cache is missing or damaged.
    """
    dataset: Dataset = build(DATASETS, study.dataset, home)
    for _ in dataset.read():
        pass
    context = open_context(study, dataset, folder, device, rows=dataset.split)
    for name, file in _predictions_of_base(folder).items():
        context.base[name] = read_predictions(file).predictions
    return StudyWork(context, home)


def keep_predictions(context: StudyContext) -> None:
    """Write the base's predictions of validation and test rows, for other processes."""
    for name, file in _predictions_of_base(context.folder).items():
        _write(file, context.base[name], context.dataset)


def forget_predictions(folder: Path) -> None:
    """Remove what only other processes read: the predictions of validation rows."""
    _predictions_of_base(folder)["val"].unlink(missing_ok=True)


def files_of_base(folder: Path) -> list[Path]:
    """What another process needs of the base: its weights, and its predictions."""
    return [base_file(folder), *_predictions_of_base(folder).values()]


def _predictions_of_base(folder: Path) -> dict[str, Path]:
    test = base_predictions(folder)
    return {"val": test.with_name("validation.parquet"), "test": test}


def _write(file: Path, predictions: Predictions, dataset: Dataset) -> None:
    write_predictions(file, predictions, groups=dataset.groups, labels=dataset.labels)
