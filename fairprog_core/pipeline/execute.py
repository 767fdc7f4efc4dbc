"""Runs a study in a run folder: data, base, curves, transfer, explanations; a generator of records.

Called again on the same folder, it continues where it stopped and gives the same numbers: finished curves
are read, an unfinished one continues from its checkpoint. Closing the generator stops it at once.
"""

import json
import time
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain, product
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from pydantic import TypeAdapter
from threadpoolctl import threadpool_limits
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ModelError
from fairprog_core.common.files.speed import read_speed, write_speed
from fairprog_core.common.home import Home, assets, remove_scratch_inside, replacing
from fairprog_core.common.limits import limits
from fairprog_core.common.process import memory
from fairprog_core.common.records import Record, StageRecord, WarningRecord
from fairprog_core.common.registry import build
from fairprog_core.common.types import Floats, Groups
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, Split, SplitName
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.report import majority_accuracy, report
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.pipeline.jobs.environment import choose_device, describe, make_deterministic
from fairprog_core.pipeline.jobs.front import GapMeasure
from fairprog_core.pipeline.jobs.frozen_base import find_base, keep_base, share_base, train_base
from fairprog_core.pipeline.progress_estimator import ProgressEstimator
from fairprog_core.pipeline.tasks.helper import Order
from fairprog_core.pipeline.tasks.how_many import n_at_once, sharing
from fairprog_core.pipeline.tasks.open_work import (
    ALL_SPLITS,
    files_of_base,
    forget_predictions,
    keep_predictions,
    open_context,
    splits_of,
)
from fairprog_core.pipeline.tasks.places import StudyPlaces
from fairprog_core.pipeline.tasks.processes import ProcessCrew, ProcessHelper
from fairprog_core.pipeline.tasks.side_by_side import SideBySide
from fairprog_core.pipeline.tasks.study_work import StudyWork
from fairprog_core.pipeline.tasks.task import Advance, Task
from fairprog_core.results.predictions_file import write_predictions
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import base_file, base_predictions
from fairprog_core.results.weak_base import find_weak_base, weak_base_sentence
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_seconds, shares_of_curves, speed_part

if TYPE_CHECKING:
    from fairprog_core.pipeline.tasks.cluster.crew import Cluster, RayHelper

BASE_READ = 0.1  # share of the work on a base that exists: the rest are its predictions
PAUSE = 1.0  # seconds between two records that nothing was computed in: longer than a record needs to be written
IN_TASKS = ("triggers", "evaluation", "transfer", "explain")  # the stages whose work may be done at once


def execute(
    study: Study,
    *,
    home: Home,
    folder: Path,
    jobs: int | None = 1,
    on: str | None = None,
    places: StudyPlaces | None = None,
) -> Iterator[Record]:
    """Compute the missing parts of a study; the numbers do not depend on ``jobs``.

    Args:
        study: the study.
        home: the home with caches and models.
        folder: the run folder; ``result.json`` is written after every finished curve.
        jobs: tasks (curves, explanations) that are computed at once, each in a process; 1: in this process alone;
            None: as many as this machine, or the cluster, has room for.
        on: address of a Ray cluster whose nodes compute the tasks, see `tasks.cluster.address`; data and base are
            made here first. None: this machine.
        places: of this machine, where several studies fill them together; None: this study has it for itself.

    Yields:
        "stage", "base", "train", "validation", "curve" and "result" records, several per second.

    Raises:
        FairprogError: bad options, data or weights; finished parts are kept.
    """
    memory.keep_freed()
    # one unless set, as networks and tables are too small to gain from more; never more than this machine has
    n_threads = min(study.threads or 1, limits().threads)
    torch.set_num_threads(n_threads)
    remove_scratch_inside(folder)
    with replacing(folder / "study.json") as part:
        part.write_text(json.dumps(study.to_json()), "utf-8")
    with _connected(study, on) as cluster:
        yield from _downloads(study, home)
        yield from _reading(study, home)
        execution = Execution(study, home, folder, jobs=jobs, cluster=cluster, places=places)
        try:
            with threadpool_limits(n_threads, user_api="blas"):
                yield from execution.counted(execution.prepare())
                yield from execution.counted(execution.compute())
        finally:
            execution.keep_seconds()


@contextmanager
def _connected(study: Study, on: str | None) -> "Iterator[Cluster | None]":
    """The cluster that is computed on; none for a black box, which is asked by one process."""
    if on is None or study.classifier.only_answers:
        yield None
        return
    from fairprog_core.pipeline.tasks.cluster.crew import connected  # Ray is not installed everywhere

    with connected(study, on) as cluster:
        yield cluster


def _downloads(study: Study, home: Home) -> Iterator[Record]:
    """Download the data and what the bases need. Keys and costs can be computed only afterwards."""
    dataset: Dataset = build(DATASETS, study.dataset, home)
    others = [other.classifier for other in study.transfer if other.classifier is not None]
    models = (CLASSIFIERS[options.kind].load().fetch(options) for options in (study.classifier, *others))
    for steps in chain([dataset.fetch()], models):
        with closing(steps) as labels:
            for label in labels:
                yield StageRecord(kind="stage", stage="download", label=label, fraction=0.0, seconds_left=None)


def _reading(study: Study, home: Home) -> Iterator[Record]:
    """Read data whose keys depend on their content; yields its progress."""
    dataset: Dataset = build(DATASETS, study.dataset, home)
    for done, total in dataset.read():
        label = f"Reading the data: {done:,} of {total:,} rows"
        yield StageRecord(kind="stage", stage="data", label=label, fraction=0.0, seconds_left=None)


class Execution:
    """One attempt at a run."""

    def __init__(
        self,
        study: Study,
        home: Home,
        folder: Path,
        *,
        jobs: int | None = 1,
        cluster: "Cluster | None" = None,
        places: StudyPlaces | None = None,
    ) -> None:
        self.study, self.home, self.folder, self.cluster, self.places = study, home, folder, cluster, places
        self.device = choose_device("auto" if cluster else study.device)  # nodes may have one that is not here
        self.n_at_once = cluster.n_at_once(jobs) if cluster else n_at_once(study, device=self.device, most=jobs)
        self.is_alone = self.n_at_once == 1 and cluster is None  # whether this process computes the tasks
        make_deterministic(self.device)
        self.dataset: Dataset = build(DATASETS, study.dataset, home)
        self.plans = study.plan()
        self.trains_base = self._find_base() is None
        costs = expected_seconds(study, trains_base=self.trains_base, speed=read_speed(home))
        costs |= {stage: costs[stage] / self.n_at_once for stage in IN_TASKS}
        self.earlier = self._earlier_seconds()
        self.progress = ProgressEstimator(costs, self.earlier)
        self.later: dict[SplitName, Split] = {}  # splits whose rows are made while the first curve learns
        self.finished: dict[str, dict[Task, float]] = {stage: {} for stage in IN_TASKS}  # shares of the tasks
        self.devices: Collection[str] = ()  # of a cluster's nodes
        self.helpers: SideBySide[ProcessHelper] | SideBySide[RayHelper]
        self.n_finished, self._newest = 0, ""  # finished curves; the label of the newest advance

    def counted(self, records: Generator[Record]) -> Iterator[Record]:
        """The records; while who reads them waits, because the run is paused, the clock stands still."""
        with closing(records):
            for record in records:
                before = time.perf_counter()
                yield record
                waited = time.perf_counter() - before
                self.progress.paused += waited * (waited > PAUSE)

    def prepare(self) -> Generator[Record]:
        """Prepare the data and the base."""
        path, is_trained = self._find_base(), self.study.classifier.needs_training
        if path is None:
            kind: type[Classifier] = CLASSIFIERS[self.study.classifier.kind].load()
            kind.check_labels(self.study.classifier, self.dataset.labels)
            if not is_trained:  # what cannot be used is known before data are prepared
                yield from self._make_base("Reading the classifier")
        needed = ALL_SPLITS if path is None and is_trained and not self.cluster else splits_of(self.plans)
        self.dataset.check(needed)
        for note in self.dataset.notes():
            yield WarningRecord(kind="warning", text=note, is_grave=False)
        begins_early = self._begins_early(path)
        for number, name in enumerate(needed):
            if begins_early and (rows := self.dataset.split_on_demand(name)):
                self.later[name] = rows
            else:
                yield from self._split(name, number / len(needed), 1 / len(needed))
            if name == "val":  # before the larger splits and the base, which may take hours
                self._check_cells()
        if path is None and is_trained:
            yield from self._make_base("Training the base classifier")
        if not self.later:
            self.progress.at("data", 1.0, "")
        with self.progress.timing("base"):
            keep_base(self._own_base, self.study, self.dataset, self.home)
            self._set_up()
        about = self.context.classifier.describe()
        if not begins_early:
            yield from self._measure_base()
        memory.return_freed()
        done = BASE_READ if begins_early else 1.0
        yield self.progress.at("base", done, f"The base classifier is ready{about and '; it '}{about}")

    def _begins_early(self, base: Path | None) -> bool:
        """Whether the first curve learns before the base is measured and all rows are made.

        A trigger needs few rows for its first steps. Only shipped bases, which are known to be good, are measured
        later: of any other the user is told at once that it is too weak to be worth a training.
        """
        plan, options = self.plans[0], self.study.classifier
        is_shipped = base is not None and base.is_relative_to(assets())
        is_usual = is_shipped and options.needs_training and not self.study.transfer and self.is_alone
        learns_in_steps = plan.method.uses_trigger and not getattr(plan.method, "pseudo_labels", False)
        return is_usual and learns_in_steps and plan.tuning_ratio in (None, 1.0)

    def _measure_base(self) -> Iterator[Record]:
        """Make the rows that are missing, and predict the validation and test rows with the base; once."""
        if self.context.base:
            return
        for number, name in enumerate(self.later):
            yield from self._split(name, number / len(self.later), 1 / len(self.later))
        self.later.clear()
        self.progress.at("data", 1.0, "")
        with self.progress.timing("base"):
            self._predict_base()
        yield self.progress.at("base", 1.0, "The base classifier is measured")
        if weak := find_weak_base(self.context.base["val"], n_classes=len(self.dataset.labels)):
            yield WarningRecord(kind="warning", text=weak_base_sentence(weak, "validation"), is_grave=True)

    def _make_base(self, doing: str) -> Iterator[Record]:
        """Train the base, or take it as it is; yields the progress."""
        yield self.progress.at("base", 0.0, doing)
        with self.progress.timing("base"):
            if self.cluster and self.study.classifier.needs_training:
                yield from self._train_base_on(self.cluster, doing)
                return
            for found in train_base(self.study, self.dataset, self.home, device=self.device):
                yield self.progress.at("base", found, doing) if isinstance(found, float) else found

    def _train_base_on(self, cluster: "Cluster", doing: str) -> Iterator[Record]:
        """Train the base on a node, and keep it here too."""
        share = 0.0
        with closing(cluster.train_base(self.order)) as advances:
            for advance in advances:
                share = max(share, advance.share or 0.0)
                yield advance.record or self.progress.at("base", share, advance.label or doing)
        share_base(self._own_base, self.study, self.dataset, self.home)

    def _split(self, name: SplitName, start: float, part: float) -> Iterator[Record]:
        """Draw or decode a split that is not in the cache; yields its progress."""
        with self.progress.timing("data"):
            for done, total in self.dataset.prepare_split(name):
                share = start + part * done / max(total, 1)
                yield self.progress.at("data", share, f"Preparing the {name} split: {done:,} of {total:,} rows")

    def _check_cells(self) -> None:
        """Refuse validation and test rows on which a gap that the study needs cannot be estimated.

        Raises:
            DataError: names the group and label without rows.
        """
        splits = {"validation": self._rows("val"), "test": self._rows("test")}
        groups = self.dataset.groups
        for criterion, (name, split) in product(self.study.criteria, splits.items()):
            shares = [each.cell_share for other, each in splits.items() if other != name]
            GapMeasure(criterion.gap, groups, self.dataset.labels, name).check(
                split.y, split.z, is_found_elsewhere=partial(_has_cell, shares, groups)
            )

    def _find_base(self) -> Path | None:
        """The base of an earlier attempt, else a cached or shipped one, else None."""
        return find_base(self.study, self.dataset, self.home, own=self._own_base)

    @property
    def order(self) -> Order:
        """What helpers have to know."""
        return Order.of(self.study, self.home, self.folder, min(self.study.threads or 1, limits().threads))

    @property
    def _own_base(self) -> Path:
        """The file of the base in the run folder."""
        return base_file(self.folder)

    def _rows(self, name: SplitName) -> Split:
        """The rows of a split, some of which may still have to be made."""
        return self.later.get(name) or self.dataset.split(name)

    def _set_up(self) -> None:
        """Freeze the base, create the job of every curve."""
        self.environment = describe(self.device)
        self.context = open_context(self.study, self.dataset, self.folder, self.device, rows=self._rows)
        self._check_head(self.context.classifier)
        self.work = StudyWork(self.context, self.home)

    @property
    def jobs(self) -> list[CurveJob]:
        """The jobs of the curves."""
        return self.work.jobs

    def _predict_base(self) -> None:
        """Predict with the base; refuse what no curve could be measured on."""
        context, groups, labels = self.context, self.dataset.groups, self.dataset.labels
        for name, purpose in (("val", "validation"), ("test", "test")):
            context.classifier.send_for(purpose, curve="")
            context.base[name] = predict(context.classifier, context.splits[name])
        predictions = base_predictions(self.folder)
        write_predictions(predictions, context.base["test"], groups=groups, labels=labels)
        self.base_point: Point = report(
            context.base["test"], groups=groups, labels=labels, method="base", seed=self.study.base_seed,
            artifacts={"trigger": None, "predictions": context.name(predictions)},
        )  # fmt: skip
        for job in self.jobs:
            job.check()

    def _check_head(self, classifier: Classifier) -> None:
        """Refuse methods that need layers or weights which the base does not show."""
        trained = (plan.method.kind for plan in self.plans if plan.method.needs.weights == "all")
        if next(classifier.parameters(), None) is None and (kind := next(trained, None)) is not None:
            raise ModelError(f"{kind} trains the weights of the classifier, and this program shows none; leave it out.")
        kinds = (plan.method.kind for plan in self.plans if plan.method.needs_linear_head)
        if not isinstance(classifier.head, nn.Linear) and (kind := next(kinds, None)) is not None:
            raise ModelError(
                f"{kind} replaces the last linear layer of the classifier, and none was found in this one; leave it "
                "out, or give a classifier that ends in a linear layer."
            )

    def compute(self) -> Generator[Record]:
        """Compute every task: curves, transfers, explanations."""
        to_write = {task for task in self.work.tasks if task.kind == "explanation" and not self.work.is_finished(task)}
        with closing(self._advances()) as advances:
            for task, advance in advances:
                if advance is None:
                    yield from self._finish(task, is_written=task.kind != "explanation" or task in to_write)
                    continue
                if advance.record is not None:
                    yield advance.record
                self.progress.seconds[advance.stage] += advance.seconds
                if advance.share is not None:
                    yield self._at(task, advance)
                if (advance.stage, advance.share) == ("triggers", 1.0):
                    yield from self._measure_base()
        for stage in IN_TASKS:
            self.progress.at(stage, 1.0, "")
        self.save(is_complete=True)
        forget_predictions(self.folder)
        self._keep_speed()
        yield self.progress.at("evaluation", 1.0, "Finished")
        yield {"kind": "result"}

    def _advances(self) -> Generator[tuple[Task, Advance | None]]:
        """What the tasks do, in this process or in others; None: the task is finished."""
        tasks = self.work.tasks
        if self.is_alone:
            for task in tasks:
                with closing(self.work.compute(task)) as advances:
                    for advance in advances:
                        yield task, advance
                yield task, None
            return
        keep_predictions(self.context)
        if self.cluster:
            crew = self.cluster.crew(self.order, files_of_base(self.folder), self.work.files_of)
            self.devices = crew.devices
            self.helpers = SideBySide(crew, self.n_at_once)
        else:
            shared = sharing(self.n_at_once, device=self.device)
            self.helpers = SideBySide(ProcessCrew(self.order, self.places, shared), self.n_at_once)
        left = [task for task in tasks if not self.work.is_finished(task)]
        for task in tasks:
            if task not in left:
                self._note(task)
        yield from self.helpers.compute(left)

    def _finish(self, task: Task, *, is_written: bool) -> Iterator[Record]:
        """Note that a task is finished; write the result."""
        self._note(task)
        if not is_written or task.kind == "other_base":
            return
        self.save(is_complete=False)
        if task.kind != "transfer":
            yield {"kind": "curve", "curve": task.curve}

    def _note(self, task: Task) -> None:
        """Count a task as finished."""
        self.n_finished += task.kind == "curve"
        for stage, share in self._shares(task).items():
            self.finished[stage][task] = share

    def _shares(self, task: Task) -> dict[str, float]:
        """By stage, what a whole task is of the work of all tasks in it, 0 … 1."""
        if task.kind == "curve":
            learning, evaluation = self._shares_of_curves[task.curve]
            return {"triggers": learning, "evaluation": evaluation}
        stage = "explain" if task.kind == "explanation" else "transfer"
        kinds = ("explanation",) if task.kind == "explanation" else ("other_base", "transfer")
        return {stage: 1 / sum(each.kind in kinds for each in self.work.tasks)}

    @cached_property
    def _shares_of_curves(self) -> dict[str, tuple[float, float]]:
        return shares_of_curves(self.study)

    def _at(self, task: Task, advance: Advance) -> StageRecord:
        """The progress after an advance."""
        shares = self._shares(task)
        stage = advance.stage if advance.stage in shares else next(iter(shares))
        assert advance.share is not None
        done = self.finished[stage]
        done[task] = max(done.get(task, 0.0), shares[stage] * advance.share)
        return self.progress.at(stage, min(sum(done.values()), 1.0), self._label(advance))

    def _label(self, advance: Advance) -> str:
        """What is being done; with several tasks at once how many, and how many curves are finished."""
        if advance.label is not None:
            self._newest = advance.label
        if self.is_alone:
            return self._newest
        finished = f"{self.n_finished} of {len(self.jobs)} curves finished"
        return f"{self.helpers.n_running} at once, {finished}. {self._newest}"

    def save(self, *, is_complete: bool) -> None:
        """Write ``result.json`` from the finished curves."""
        finished = [done for done in (job.read() for job in self.jobs) if done is not None]
        transfers = (target.result(self.jobs, self.study.base_name) for target in self.work.targets)
        Result(
            folder=self.folder,
            study=self.study.to_json(),
            base=replace(self.base_point, audits=self.context.base_audit()),
            points=[point for done in finished for point in done.points],
            curves=[done.curve for done in finished],
            labels=list(self.dataset.labels),
            group_names=list(self.dataset.groups.names),
            transfer=[each for each in transfers if each is not None],
            is_complete=is_complete,
            environment=self.environment | ({"device": ", ".join(sorted(self.devices))} if self.devices else {}),
            seconds=self.progress.total(),
            majority_accuracy=majority_accuracy(self.context.base["test"], n_classes=len(self.dataset.labels)),
            queries=self._queries(),
            weak_base=find_weak_base(self.context.base["test"], n_classes=len(self.dataset.labels)),
        ).save()

    def _queries(self) -> dict[str, int]:
        """Rows that the black box was sent, by purpose."""
        total: Counter[str] = Counter()
        for sent in self.context.classifier.n_sent().values():
            total.update(sent)
        return dict(total)

    def _earlier_seconds(self) -> dict[str, float]:
        """The seconds of earlier attempts; none where their file is missing or damaged: no other figure needs them."""
        try:
            return TypeAdapter(dict[str, float]).validate_json((self.folder / "seconds.json").read_bytes())
        except (OSError, ValueError):
            return {}

    def _keep_speed(self) -> None:
        """Note how long the stages took, unless an earlier attempt or the cache has done a part of them."""
        if self.earlier or self.study.reuse or self.study.transfer:
            return
        expected, seconds = expected_seconds(self.study, trains_base=self.trains_base), self.progress.seconds
        parts = {stage: speed_part(self.study, stage) for stage in expected if stage in seconds and stage != "data"}
        after = read_speed(self.home).after(  # without the data: most rows may have been in the cache
            {part: expected[stage] for stage, part in parts.items()},
            {part: seconds[stage] for stage, part in parts.items()},
        )
        write_speed(self.home, after)

    def keep_seconds(self) -> None:
        """Write the seconds spent, for a later attempt at this run."""
        with replacing(self.folder / "seconds.json") as part:
            part.write_text(json.dumps(self.progress.seconds), "utf-8")


def _has_cell(shares: Iterable[Floats], groups: Groups, group: int, label: int | None) -> bool:
    """Whether one of several splits, by the natural shares of their (pattern, label) cells, has rows of a cell."""
    chosen = slice(None) if label is None else label
    return any(share[groups.patterns[:, group], chosen].sum() > 0 for share in shares)
