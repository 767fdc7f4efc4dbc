"""One curve of a study: let a method learn, choose λ on validation, evaluate once on the test split.

Notation: m reported values of λ.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fairprog_core.common.home import replacing
from fairprog_core.common.json_values import plain
from fairprog_core.common.registry import build
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.explain.conditions import Rival
from fairprog_core.methods import METHODS
from fairprog_core.methods.base import FitContext, FittedModel, Method
from fairprog_core.methods.reprogramming.trigger_curve import FittedTrigger
from fairprog_core.metrics.pareto import choose_lam, hypervolume
from fairprog_core.pipeline.context import StudyContext
from fairprog_core.pipeline.environment import releases
from fairprog_core.pipeline.fitted_cache import FittedCache
from fairprog_core.study.plan import CurvePlan
from fairprog_core.training.loop import Record

FIGURES = ("accuracy", "gap", "is_collapsed", "loss_error")


class SplitPredictions(NamedTuple):
    """What is said of a split at one λ, or by a control.

    Attributes:
        method: the curve's own, or the control's.
        lam: None for a control.
        predictions: of every row.
        files: that hold what said so.
        share: of all that is asked, this included.
    """

    method: str
    lam: float | None
    predictions: Predictions
    files: Mapping[str, Path]
    share: float


class CurveJob:
    """The work on one curve; finished parts are found in its folder and not done again."""

    def __init__(self, context: StudyContext, plan: CurvePlan) -> None:
        self.context, self.plan = context, plan
        self.folder = context.folder / "curves" / plan.key
        self.method: Method = build(METHODS, plan.method, self._fit_context())
        for name, split in (("val", "validation"), ("test", "test")):
            context.reference(
                context.base[name], plan.criterion.gap, split=split
            )  # complains before anything is learned

    def _fit_context(self) -> FitContext:
        context, plan = self.context, self.plan
        about = {
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

    def learn(self) -> Iterator[Record]:
        """Let the method learn what is not learned yet, here or, where the study says so, in an earlier one."""
        if self.context.study.reuse:
            self.cache.copy_to(self.method.file)
        records = self.method.learn(self.quick_validate)
        try:
            for record in records:
                yield {"curve": self.plan.key, **record}
        finally:
            records.close()
        if self.context.study.reuse:
            self.cache.add(self.method.file)

    @property
    def cache(self) -> FittedCache:
        """Where another study finds what is learned here."""
        context, plan = self.context, self.plan
        return FittedCache(
            context.dataset.home, method=plan.method.content(), trigger=plan.trigger and plan.trigger.content(),
            criterion=plan.criterion.kind, lam=plan.lam.content(), seed=plan.seed, tuning_ratio=plan.tuning_ratio,
            mode=context.study.mode, budget=self.method.budget.content(), device=context.device.type,
            classifier=[context.classifier.digest(), context.study.classifier.digest(exclude={"source"})],
            releases=releases(*plan.method.packages),
            data=[context.dataset.split_digest(name) for name in (plan.method.learns_from, "val")],
        )  # fmt: skip

    def quick_validate(self, solution: FittedModel, lams: Sequence[float], done: Record) -> Record:
        """While training, on few rows, behind a record of λ that are already done."""
        return self._front(solution, lams, *self.context.quick_validation, done)

    def validate(self, solution: FittedModel) -> Record:
        """The curve on the whole validation split, by which λ is chosen."""
        return self._front(solution, self.plan.lam.grid, self.context.splits["val"], self.context.base["val"], {})

    def _front(
        self, solution: FittedModel, lams: Sequence[float], split: Split, base: Predictions, done: Record
    ) -> Record:
        """Figures for each λ, behind those already done; the base's; and the hypervolume of all."""
        context, gap = self.context, self.plan.criterion.gap
        reference = context.reference(base, gap)
        found = [
            context.figures(predictions, gap, base) | {"loss_error": _loss_error(predictions, base)}
            for predictions in solution.predict_many(split, lams)
        ]
        columns = {name: [*done.get(name, []), *(each[name] for each in found)] for name in FIGURES}
        corner = (reference["majority_accuracy"], reference["base_gap"])
        volume = hypervolume(columns["accuracy"], columns["gap"], reference=corner)
        return {"lam": [*done.get("lam", []), *lams], **columns, "hypervolume": volume or 0.0, **reference}

    def evaluate(self) -> Iterator[float]:
        """λ chosen on validation; every reported λ and every control once on the test split. Yields the done share."""
        solution = self.method.open()
        validation = self.validate(solution)
        chosen, points = self.choose(validation), []
        for said in self.said(solution, self.context.splits["test"]):
            points.append(self._point(said, is_audited=said.lam in (None, chosen)))
            yield said.share
        self.write({"curve": self._summary(solution, validation, chosen, points), "points": points})

    def rival(self) -> Rival | None:
        """The classifier of the quoted λ, to be looked into beside a trigger; None where there is none yet."""
        if (done := self.read()) is None:
            return None
        lam: float = done["curve"]["chosen_lam"]
        classifier, kind = self.method.open().retrained(lam), self.plan.method.kind
        point = next(point for point in done["points"] if (point["method"], point["lam"]) == (kind, lam))
        return None if classifier is None else Rival(kind, lam, classifier, is_collapsed=point["collapsed"])

    def said(self, solution: FittedModel, split: Split) -> Iterator[SplitPredictions]:
        """Ask for every reported λ, then every control."""
        kind, grid, controls = self.plan.method.kind, self.plan.lam.grid, self.controls(solution)
        n = len(grid) + len(controls)
        for i, (lam, found) in enumerate(zip(grid, solution.predict_many(split, grid), strict=True), start=1):
            yield SplitPredictions(kind, lam, found, solution.files(lam), i / n)
        for i, (name, control) in enumerate(controls.items(), start=len(grid) + 1):
            yield SplitPredictions(name, None, control.predict(split, 0.0), control.files(0.0), i / n)

    def controls(self, solution: FittedModel) -> dict[str, FittedModel]:
        """By its method, what stands beside a curve: other triggers in a learned one's place."""
        if not isinstance(solution, FittedTrigger):
            return {}
        return {
            control.kind: solution.with_trigger(build(METHODS, control).control(solution.trigger, solution.classifier))
            for control in self.context.study.controls()
        }

    def _point(self, said: SplitPredictions, *, is_audited: bool) -> dict[str, Any]:
        """Keep predictions of the test split, report the point."""
        context, plan, name = self.context, self.plan, said.method if said.lam is None else f"lam-{said.lam:g}"
        files = {**said.files, "predictions": self.folder / f"{name}.parquet"}
        point = context.point(said.predictions, plan, said.method, said.lam, base=context.base["test"], files=files)
        return point | {"audit": context.audit(said.predictions, plan.criterion) if is_audited else None}

    def _summary(
        self, solution: FittedModel, validation: Record, chosen: float, points: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The curve as the result JSON has it, before anybody looked inside."""
        plan, gap, about = self.plan, self.plan.criterion.gap, solution.about
        own = [point for point in points if point["method"] == plan.method.kind]
        reference = self.context.reference(self.context.base["test"], gap, split="test")
        corner = (reference["majority_accuracy"], reference["base_gap"])
        return {
            "key": plan.key, "method": plan.method.kind, "trigger": plan.trigger_name,
            "criterion": plan.criterion.kind, "seed": plan.seed, "tuning_ratio": plan.tuning_ratio, "gap": gap,
            "lams": list(plan.lam.grid),
            "hypervolume": hypervolume(
                [p["accuracy"] for p in own], [np.nan if p[gap] is None else p[gap] for p in own], reference=corner
            ),
            "chosen_lam": chosen, "validation": validation,
            "artifact": self.context.name(self.method.file), "n_parameters": solution.n_parameters,
            "seconds": about["seconds"], "steps": about["steps"], "best_step": about["best_step"],
            "explain": {}, "probe": {},
        }  # fmt: skip

    def choose(self, validation: Record) -> float:
        """The λ to quote, on validation alone."""
        return choose_lam(
            validation["lam"], validation["accuracy"], validation["gap"], is_collapsed=validation["is_collapsed"],
            base_accuracy=validation["base_accuracy"], loss_error=validation["loss_error"],
            max_loss=self.context.study.max_accuracy_loss(self.plan.criterion),
        )  # fmt: skip

    def read(self) -> dict[str, Any] | None:
        """What is already finished: {"curve", "points"}, or None."""
        path = self.folder / "curve.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def write(self, values: dict[str, Any]) -> None:
        """Keep what is finished."""
        with replacing(self.folder / "curve.json") as part:
            part.write_text(json.dumps(plain(values), allow_nan=False), "utf-8")


def _loss_error(predictions: Predictions, base: Predictions) -> float:
    """Standard error of the accuracy lost against the base, paired by row."""
    lost = predictions.weight * ((base.y_pred == base.y).astype(float) - (predictions.y_pred == base.y))
    return float(lost.std() / np.sqrt(len(lost)))
