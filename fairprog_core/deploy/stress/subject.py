"""What is put under stress: the test rows of a run, its frozen base, and its triggers with their controls.

Notation: n test rows that are used.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ArtifactError, ConfigError, DataError, shorten, shown
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.common.types import Predictions
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, Split, draw_evenly
from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from fairprog_core.triggers.base import Trigger, load_trigger
from fairprog_core.triggers.fixed import FixedTrigger

TRIED = 64  # rows that the base predicts again, to see that they are the run's
MOST_OFF = 0.1  # of the spread of the logits: another machine's rounding is far below


class StressProgress(NamedTuple):
    """How far it is: what is done, and the share of all rows that are to be predicted; 0 while data are prepared."""

    label: str
    share: float


@dataclass(frozen=True)
class StressedTrigger:
    """A trigger of the run, and its control.

    Attributes:
        curve: that it belongs to.
        trigger: at one λ.
        control: in its place.
        control_kind: registry key.
        shared: equal for two triggers only if their controls are.
    """

    curve: Curve
    trigger: FixedTrigger
    control: FixedTrigger
    control_kind: str
    shared: tuple[object, ...]


@dataclass(frozen=True)
class StressSubject:
    """The rows, and who predicts them.

    Attributes:
        result: of the run.
        study: of the run.
        dataset: of the study.
        split: the n rows as the data set gives them.
        prepared: the same for the classifier.
        rows: (n,) their indices among the test rows.
        n_test: number of test rows that there are.
        classifier: frozen.
        triggers: one per curve.
    """

    result: Result
    study: Study
    dataset: Dataset
    split: Split
    prepared: Split
    rows: NDArray[np.int64]
    n_test: int
    classifier: Classifier
    triggers: list[StressedTrigger]

    def stored(self, point: Point) -> Predictions:
        """The run's own predictions of the n rows.

        Raises:
            ArtifactError: the file is missing or damaged.
            DataError: it is of other rows.
        """
        found = self.result.predictions(point)
        if len(found.y) != self.n_test or not (
            np.array_equal(found.y[self.rows], self.split.y) and np.array_equal(found.z[self.rows], self.split.z)
        ):
            raise self._others()
        return replace(
            found, logits=None if found.logits is None else found.logits[self.rows], y_pred=found.y_pred[self.rows],
            y=found.y[self.rows], z=found.z[self.rows], weight=self.split.weight, row=self.rows,
            is_stratified=self.split.is_stratified,
        )  # fmt: skip

    def check_base(self) -> None:
        """Refuse rows that have the labels and groups of the run's, and another content.

        Raises:
            DataError: the base's logits of some rows are others than those that the run wrote.
        """
        stored = self.stored(self.result.base).logits
        if stored is None:
            return
        some = np.sort(draw_evenly(self.split.y, self.split.z, TRIED, seed=0))
        x, y, z = self.prepared.x[some], self.split.y[some], self.split.z[some]
        found = np.asarray(predict(self.classifier, replace(self.prepared, x=x, y=y, z=z)).logits)
        if np.median(np.abs(found - stored[some])) > MOST_OFF * stored.std():
            raise self._others()

    def _others(self) -> DataError:
        return DataError(
            f"The test rows of {shorten(self.study.name, 60)} are not those that the run was measured on; take the "
            "data that it was run with, or run the study again."
        )

    def stored_trigger(self, stressed: StressedTrigger) -> Predictions | None:
        """The run's predictions with a trigger; None: this λ was not reported."""
        points = [point for point in self.result.points_of(stressed.curve) if point.lam == stressed.trigger.lam]
        return self.stored(points[0]) if points else None

    def stored_control(self, stressed: StressedTrigger) -> Predictions | None:
        """The run's predictions with the control; None: it had no such control."""
        point = self.result.controls_of(stressed.curve).get(stressed.control_kind)
        return None if point is None else self.stored(point)


def choose_curves(result: Result, part: str = "") -> list[Curve]:
    """The curves of triggers, or those that a key, or a part of keys, names.

    Raises:
        ConfigError: there is none.
        ArtifactError: the file of one is missing.
    """
    known = [each for each in result.curves if each.trigger is not None]
    keys = [each.key for each in known]
    found = [each for each in known if (each.key == part if part in keys else part in each.key)]
    if not found:
        what = f"has no trigger {shown(part)}" if known else "has no trigger"
        raise ConfigError(f"This run {what}; its curves are {shorten(', '.join(keys), 180) or 'none'}.")
    for each in found:
        if not each.artifact_name or not each.artifact.is_file():
            raise ArtifactError(
                f"{shorten(result.folder, 100)} has no file of the trigger {shorten(each.key, 60)}: shipped "
                "comparisons hold figures alone; take a run, demo or demo-comments."
            )
    return found


def open_subject(
    result: Result, *, home: Home, curve: str, lam: float | None, rows: int | None, seed: int, device: torch.device
) -> Generator[StressProgress, None, StressSubject]:
    """Prepare the test rows of a run, and open its base and triggers.

    Args:
        result: of the run.
        home: with the cache of data.
        curve: see `choose_curves`.
        lam: λ; None: the chosen one of every curve.
        rows: number of test rows; None: all. Fewer are drawn evenly over groups and labels.
        seed: of the drawn rows.
        device: where to compute.

    Yields:
        What is done; its share is 0.

    Raises:
        ConfigError: no such trigger, λ out of range, or the classifier is a black box.
        FairprogError: data, classifier or triggers cannot be opened.
    """
    curves = choose_curves(result, curve)
    study = Study.parse(result.study, where=f"the study of {shorten(result.folder, 80)}")
    if study.classifier.only_answers:
        raise ConfigError(
            "The base of this run is a black box, where every row that is sent costs; stress needs a classifier that "
            "runs here."
        )
    dataset: Dataset = build(DATASETS, study.dataset, home)
    with closing(dataset.fetch()) as labels:
        for label in labels:
            yield StressProgress(label, 0.0)
    for done, total in dataset.read():
        yield StressProgress(f"Reading the data: {done:,} of {total:,} rows", 0.0)
    dataset.check(["test"])
    for done, total in dataset.prepare_split("test"):
        yield StressProgress(f"Preparing the test rows: {done:,} of {total:,}", 0.0)
    whole = dataset.split("test")
    n_test = len(whole.y)
    split, chosen = whole, np.arange(n_test)
    if rows is not None and rows < n_test:
        chosen = np.sort(draw_evenly(whole.y, whole.z, rows, seed=seed))
        split = Split(whole.x[chosen], whole.y[chosen], whole.z[chosen], whole.cell_share, is_stratified=True)
    classifier = result.base_classifier().to(device)
    triggers = [_open(each, lam, study.controls()[0], classifier, device) for each in curves]
    prepared = classifier.prepare(split)
    subject = StressSubject(result, study, dataset, split, prepared, chosen, n_test, classifier, triggers)
    subject.check_base()
    return subject


def _open(
    curve: Curve, lam: float | None, control: MethodOptions, classifier: Classifier, device: torch.device
) -> StressedTrigger:
    """The trigger of a curve with its control, ready for the classifier."""
    trigger = load_trigger(curve.artifact).to(device).attach_to(classifier)
    fixed = FixedTrigger(trigger, curve.chosen_lam if lam is None else lam)
    instead: Trigger = build(METHODS, control).control(trigger, classifier)
    return StressedTrigger(
        curve, fixed, _frozen(FixedTrigger(instead, instead.scale.anchor_lams[0])), control.kind,
        (trigger.options.digest(), trigger.seed),
    )  # fmt: skip


def _frozen(trigger: FixedTrigger) -> FixedTrigger:
    return trigger.requires_grad_(False).eval()
