"""Transfer: evaluates the triggers of a study on another base, once on the test split, at every λ.

Curves that are finished in the run folder are not computed again.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path

import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ArtifactError, ConfigError
from fairprog_core.common.files.json_values import plain
from fairprog_core.common.home import Home, replacing, set_aside
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger
from fairprog_core.metrics.comparison import Pair, share_kept
from fairprog_core.metrics.intervals import EstimateJson
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.report import report
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.pipeline.jobs.front import SplitPredictions
from fairprog_core.pipeline.jobs.frozen_base import base_key, find_base, keep_base, load_base, train_base
from fairprog_core.results.curve import CurveId, Transfer, TransferCurve, read_json
from fairprog_core.results.predictions_file import read_predictions
from fairprog_core.study import Study
from fairprog_core.triggers.base import describe_input_spec, load_trigger


class TransferJob:
    """Evaluates the curves of a study on one other base.

    Attributes:
        name: name of the other base.
        key: its content key, which is also its folder's name.
        copy: the copy of its file in the run folder.
    """

    def __init__(self, context: StudyContext, study: Study, name: str, home: Home) -> None:
        """Check that the triggers fit the other base.

        Args:
            context: the context of the study whose triggers are evaluated.
            study: the same study with the other base instead of its own.
            name: name of the other base.
            home: the home that holds the bases.

        Raises:
            ConfigError: the other base takes other inputs than the study's own base.
        """
        self.context, self.study, self.name, self.home = context, study, name, home
        self.key = base_key(study, context.dataset)
        self.folder = context.folder / "transfer" / self.key
        self.copy = self.folder / "classifier.safetensors"
        self._check_input_spec()

    def _check_input_spec(self) -> None:
        """Refuse, before any training, another base whose input spec differs from the study's own."""
        context, options = self.context, self.study.classifier
        if self.copy.exists() or options == context.study.classifier:
            return
        kind: type[Classifier] = CLASSIFIERS[options.kind].load()
        with torch.random.fork_rng(devices=[]):
            fresh = kind.new_for(options, labels=context.dataset.labels, split=context.dataset.split("test"))
        if fresh.input_spec != context.classifier.input_spec:
            here, there = (describe_input_spec(each.input_spec) for each in (context.classifier, fresh))
            raise ConfigError(
                f"transfer: {self.name} takes {there}, the base that the triggers are learned on {here}; name another "
                "base that takes the same."
            )

    def prepare(self) -> Iterator[float]:
        """Train the other base, if it does not exist, and copy it into the run folder; yields the finished share."""
        if find_base(self.study, self.context.dataset, self.home, own=self.copy) is None:
            for found in train_base(self.study, self.context.dataset, self.home, device=self.context.device):
                if isinstance(found, float):
                    yield found
        keep_base(self.copy, self.study, self.context.dataset, self.home)

    @cached_property
    def classifier(self) -> Classifier:
        """The other base, frozen."""
        return load_base(self.copy, self.context.device)

    @cached_property
    def test(self) -> Split:
        """The test split, prepared for the other base."""
        return self.classifier.prepare(self.context.dataset.split("test"))

    @cached_property
    def base(self) -> Predictions:
        """The other base's predictions of the test split without a trigger."""
        return predict(self.classifier, self.test)

    @cached_property
    def point(self) -> Point:
        """The point of the other base without a trigger."""
        groups, labels = self.context.dataset.groups, self.context.dataset.labels
        point = report(self.base, groups=groups, labels=labels, method="base", seed=self.study.base_seed)
        return replace(point, base=self.name)

    def evaluate(self, job: CurveJob) -> Iterator[float]:
        """Evaluate a curve's λ values and controls on the test split; yields the finished share."""
        done = job.read()
        if done is None or self._read(job) is not None:
            return
        trigger = load_trigger(job.method.file).to(self.context.device).attach_to(self.classifier)
        model, points = FittedTrigger(trigger, self.classifier, job.method.file), list[Point]()
        for found in job.predict(model, self.test):
            points.append(self._point(found, job))
            yield found.share
        names = {each.name: getattr(done.curve, each.name) for each in fields(CurveId)}
        kept = self._kept(job, done.curve.chosen_lam)
        with replacing(self._file(job)) as part:
            values = plain(TransferCurve(**names, kept=kept, points=points).to_json())
            part.write_text(json.dumps(values, allow_nan=False), "utf-8")

    def _point(self, found: SplitPredictions, job: CurveJob) -> Point:
        """Write the predictions to a file and report the point, compared with the other base."""
        name = found.method if found.lam is None else f"lam-{found.lam:g}"
        files = {"trigger": job.method.file, "predictions": self.folder / job.plan.key / f"{name}.parquet"}
        point = self.context.point(found.predictions, job.plan, found.method, found.lam, base=self.base, files=files)
        return replace(point, base=self.name)

    def _kept(self, job: CurveJob, lam: float) -> EstimateJson:
        """The share of the gain that is kept, at the λ chosen on the study's own base."""
        context, name = self.context, f"lam-{lam:g}.parquet"
        own, here = (read_predictions(folder / name).predictions for folder in (job.folder, self.folder / job.plan.key))
        return share_kept(
            Pair(context.base["test"], own), Pair(self.base, here), groups=context.dataset.groups,
            n_classes=len(context.dataset.labels), gap=job.plan.criterion.gap,
        ).to_json()  # fmt: skip

    def result(self, jobs: list[CurveJob], source: str) -> Transfer | None:
        """The finished transfer curves; None before the first one.

        Args:
            jobs: the jobs of the study's curves.
            source: name of the study's own base.
        """
        finished = [found for found in map(self._read, jobs) if found is not None]
        return Transfer(source, self.name, self.point, finished) if finished else None

    def is_finished(self, job: CurveJob) -> bool:
        """Whether the transfer of a curve is in the run folder."""
        return self._read(job) is not None

    def _read(self, job: CurveJob) -> TransferCurve | None:
        """The finished transfer curve, or None; a damaged file is renamed, so that the curve is evaluated again."""
        file = self._file(job)
        if not file.exists():
            return None
        try:
            return TransferCurve.from_json(read_json(file, remedy="remove it to try this curve again"), where=str(file))
        except ArtifactError:
            set_aside(file, "it holds no finished curve", "the curve is evaluated again")
            return None

    def _file(self, job: CurveJob) -> Path:
        return self.folder / f"{job.plan.key}.json"
