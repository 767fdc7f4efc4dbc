"""One curve of a study: fit a method, choose λ on validation, evaluate once on the test split.

Notation: m reported values of λ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from pydantic import JsonValue

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import set_aside
from fairprog_core.common.records import CurveInTraining, Front, LiveRecord
from fairprog_core.common.registry import build
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.explain.conditions import Rival
from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.methods.base import FitContext, FittedModel, Method
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger
from fairprog_core.metrics.pareto import hypervolume
from fairprog_core.metrics.point import Point
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.environment import releases
from fairprog_core.pipeline.jobs.fitted_cache import FittedCache
from fairprog_core.pipeline.jobs.front import GapMeasure, SplitPredictions, choose, controls_of, predict_all
from fairprog_core.pipeline.jobs.glance import Glance
from fairprog_core.results.curve import Curve, FinishedCurve
from fairprog_core.results.run_folder import curve_folder
from fairprog_core.study.plan import CurvePlan

VALIDATION_SHARE = 0.2  # of an evaluation; intervals are computed on test rows only


class CurveJob:
    """Computes one curve; parts that are finished in its folder are not computed again."""

    def __init__(self, context: StudyContext, plan: CurvePlan) -> None:
        self.context, self.plan = context, plan
        self.folder = curve_folder(context.folder, plan.key)
        self.method: Method[MethodOptions] = build(METHODS, plan.method, self._fit_context())
        self.on_validation = GapMeasure(plan.criterion.gap, context.dataset.groups, context.dataset.labels)
        self.on_test = replace(self.on_validation, split="test")
        self.check()

    def check(self) -> None:
        """Refuse a split that is too small, once the base has predicted it.

        Raises:
            DataError: names the group and label without rows.
        """
        for name, measure in (("val", self.on_validation), ("test", self.on_test)):
            if name in self.context.base:
                measure.reference(self.context.base[name])

    def _fit_context(self) -> FitContext:
        context, plan = self.context, self.plan
        about: dict[str, JsonValue] = {
            "curve": plan.key, "method": plan.method.kind, "criterion": plan.criterion.kind,
            "gap": plan.criterion.gap, "lams": list(plan.lam.grid), **context.about,
        }  # fmt: skip
        return FitContext(
            classifier=context.classifier, features=context.features, base_file=context.base_file,
            split=context.learned_from(plan), validation=context.splits["val"], groups=context.dataset.groups,
            criterion=plan.criterion, lam=plan.lam, seed=plan.seed, budget=plan.budget, device=context.device,
            folder=self.folder, about=about, trigger=plan.trigger, mode=context.study.mode,
            identity_words=frozenset().union(*context.dataset.identity_words().values()),
        )  # fmt: skip

    def learn(self) -> Iterator[CurveInTraining]:
        """Fit the method, unless its file exists or, with ``reuse``, the cache holds the fitted model."""
        if self.context.study.reuse:
            self.cache.copy_to(self.method.file)
        self._send_for("learning")
        records = self.method.learn(self.quick_validate)
        try:
            for record in records:
                record["curve"] = self.plan.key
                yield record
                if record["kind"] == "train" and (live := self._look(record["step"], record["steps"])):
                    yield live
        finally:
            records.close()
        if self.context.study.reuse:
            self.cache.add(self.method.file)

    def _look(self, step: int, steps: int) -> LiveRecord | None:
        """What a visitor sees of the trigger after some of the steps; of a black box nothing, as every row costs."""
        model = self.method.in_training
        if not isinstance(model, FittedTrigger) or self.context.study.classifier.only_answers:
            return None
        return self.glance.record(model, step, steps) if self.glance.is_due(step, steps) else None

    @cached_property
    def glance(self) -> Glance:
        return Glance(self.context, self.plan, self.on_validation)

    @property
    def cache(self) -> FittedCache:
        """The cache entry through which another study reuses the fitted model."""
        context, plan = self.context, self.plan
        return FittedCache(
            context.dataset.home, method=plan.method.content(), trigger=plan.trigger and plan.trigger.content(),
            criterion=plan.criterion.kind, lam=plan.lam.content(), seed=plan.seed, tuning_ratio=plan.tuning_ratio,
            mode=context.study.mode, budget=self.method.budget.content(), device=context.device.type,
            classifier=[context.classifier.digest(), context.study.classifier.digest(exclude={"source"})],
            releases=releases(*plan.method.packages),
            data=[context.dataset.split_digest(name) for name in (plan.method.learns_from, "val")],
        )  # fmt: skip

    def quick_validate(self, model: FittedModel, lams: Sequence[float], done: Front | None) -> Front:
        """Score a model on few validation rows at ``lams`` during training; appends to ``done``."""
        self._send_for("validation")
        front = self.on_validation.front(model, lams, *self.context.quick_validation, done)
        self._send_for("learning")
        return front

    def evaluate(self) -> Iterator[float]:
        """Choose λ on validation; predict the test split once at every reported λ and with every control.

        Yields:
            The finished share.
        """
        model = self.method.open()
        self._send_for("validation")
        rows, base, lams = self.context.splits["val"], self.context.base["val"], self.plan.lam.grid
        on_validation = list[Predictions]()
        for predictions in model.predict_many(rows, lams):
            on_validation.append(predictions)
            yield VALIDATION_SHARE * len(on_validation) / len(lams)
        validation = self.on_validation.front_of(on_validation, lams, base)
        self._send_for("test")
        chosen, points = self.choose(validation), list[Point]()
        for found in self.predict(model, self.context.splits["test"]):
            points.append(self._point(found, is_audited=found.lam in (None, chosen)))
            yield VALIDATION_SHARE + (1 - VALIDATION_SHARE) * found.share
        self.write(FinishedCurve(self._curve(model, validation, chosen, points), points))

    def _send_for(self, purpose: str) -> None:
        """Say what a black box is sent rows for from now on."""
        self.context.classifier.send_for(purpose, curve=self.plan.key)

    def _queries(self, model: FittedModel) -> dict[str, int]:
        """Rows that a black box was sent for this curve, by purpose; of another base those sent to learn by queries."""
        if sent := self.context.classifier.n_sent():
            return sent.get(self.plan.key, {})
        return {"learning": model.about["queries"]} if "queries" in model.about else {}

    def rival(self) -> Rival | None:
        """The retrained classifier at the chosen λ, to be explained; None without one or before evaluation."""
        if (done := self.read()) is None:
            return None
        classifier = self.method.open().retrained(done.curve.chosen_lam)
        if classifier is None:
            return None
        return Rival(done.curve.method, done.curve.chosen_lam, classifier, is_collapsed=done.chosen.collapsed)

    def predict(self, model: FittedModel, split: Split) -> Iterator[SplitPredictions]:
        """Predict a split at every reported λ, then with every control."""
        controls = controls_of(model, self.context.study.controls())
        return predict_all(model, split, method=self.plan.method.kind, lams=self.plan.lam.grid, controls=controls)

    def _point(self, found: SplitPredictions, *, is_audited: bool) -> Point:
        """Write predictions of the test split to a file and report the point."""
        context, plan = self.context, self.plan
        name = found.method if found.lam is None else f"lam-{found.lam:g}"
        files = {**found.files, "predictions": self.folder / f"{name}.parquet"}
        point = context.point(found.predictions, plan, found.method, found.lam, base=context.base["test"], files=files)
        return replace(point, audit=context.audit(found.predictions, plan.criterion)) if is_audited else point

    def _curve(self, model: FittedModel, validation: Front, chosen: float, points: list[Point]) -> Curve:
        """The curve as the result has it, without explanations."""
        plan, gap, about = self.plan, self.plan.criterion.gap, model.about
        own = [point for point in points if point.method == plan.method.kind]
        reference = self.on_test.reference(self.context.base["test"])
        accuracies, gaps = (
            [np.nan if (value := point.metric(name).value) is None else value for point in own]
            for name in ("accuracy", gap)
        )
        return Curve(
            key=plan.key, method=plan.method.kind, trigger=plan.trigger_name, criterion=plan.criterion.kind,
            seed=plan.seed, tuning_ratio=plan.tuning_ratio, gap=gap, lams=list(plan.lam.grid), chosen_lam=chosen,
            hypervolume=hypervolume(accuracies, gaps, reference=reference.corner),
            validation=validation, artifact_name=self.context.name(self.method.file), n_parameters=model.n_parameters,
            seconds=about["seconds"], steps=about["steps"], best_step=about["best_step"], folder=self.context.folder,
            queries=self._queries(model),
        )  # fmt: skip

    def choose(self, validation: Front) -> float:
        """The λ to quote, chosen on validation alone."""
        return choose(validation, max_loss=self.context.study.max_accuracy_loss(self.plan.criterion))

    def read(self) -> FinishedCurve | None:
        """The finished curve, or None; a damaged file is renamed, so that the curve is evaluated again."""
        file = self.folder / "curve.json"
        try:
            return FinishedCurve.read(file, folder=self.context.folder)
        except ArtifactError:
            set_aside(file, "it holds no finished curve", "the curve is evaluated again")
            return None

    def write(self, finished: FinishedCurve) -> None:
        """Write the finished curve to its file."""
        finished.write(self.folder / "curve.json")
