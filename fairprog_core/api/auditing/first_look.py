"""The first look at a study: how unequal its frozen base is, before anything is trained."""

from collections.abc import Generator
from contextlib import closing

from threadpoolctl import threadpool_limits

from fairprog_core.api.auditing.audit import Audit, measure
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ModelError
from fairprog_core.common.home import Home
from fairprog_core.common.records import AuditRecord, Record, StageRecord
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, SplitName
from fairprog_core.pipeline.jobs.environment import choose_device
from fairprog_core.pipeline.jobs.frozen_base import base_key, find_base, load_base, train_base
from fairprog_core.study import Study

_MADE = 0.1  # share of the whole after which the base is ready
_READ = 0.9  # and after which the rows are


def first_look(study: Study, *, home: Home, split: SplitName = "val") -> Generator[Record, None, Audit]:
    """Predict the rows of one split with the frozen base of a study, and measure the predictions; nothing is trained.

    Only this split is prepared, and no run is made. A base that is taken as it is, cached or shipped is used.

    Args:
        study: of which the data and the classifier count.
        home: with caches and models.
        split: whose rows are predicted.

    Yields:
        "stage" records, and an "audit" record at the end.

    Returns:
        The audit.

    Raises:
        ModelError: the base would have to be trained first.
        FairprogError: bad data or weights.
    """
    dataset: Dataset = build(DATASETS, study.dataset, home)
    for steps in (dataset.fetch(), CLASSIFIERS[study.classifier.kind].load().fetch(study.classifier)):
        with closing(steps) as labels:
            for label in labels:
                yield _stage("download", label, 0.0)
    for done, total in dataset.read():
        yield _stage("data", f"Reading the data: {done:,} of {total:,} rows", _MADE * done / max(total, 1))
    dataset.check([split])
    path = find_base(study, dataset, home)
    if path is None and study.classifier.needs_training:
        raise ModelError(
            "The base of this study is not trained yet, so there is nothing to look at; run the study with "
            "`fairprog run`, or name a classifier that is trained already."
        )
    device = choose_device(study.device)
    if path is None:
        for share in train_base(study, dataset, home, device=device):
            if isinstance(share, float):
                yield _stage("base", "Reading the classifier", _MADE)
        path = home.models / f"{base_key(study, dataset)}.safetensors"
    for done, total in dataset.prepare_split(split):
        share = _MADE + (_READ - _MADE) * done / max(total, 1)
        yield _stage("data", f"Preparing the {split} split: {done:,} of {total:,} rows", share)
    yield _stage("evaluation", "Predicting", _READ)
    classifier = load_base(path, device)
    with threadpool_limits(1, user_api="blas"):
        predictions = predict(classifier, classifier.prepare(dataset.split(split)))
        audit = measure(predictions, groups=dataset.groups, labels=dataset.labels)
    yield _stage("evaluation", "Finished", 1.0)
    yield AuditRecord(kind="audit", split=split, figures=dict(audit))
    return audit


def _stage(stage: str, label: str, fraction: float) -> StageRecord:
    return StageRecord(kind="stage", stage=stage, label=label, fraction=fraction, seconds_left=None)
