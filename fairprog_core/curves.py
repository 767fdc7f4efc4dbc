"""One curve of a study: let a method learn, choose λ on validation, evaluate once on the test split.

Notation: m reported values of λ.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from fairprog_core.auditor import Reading, read
from fairprog_core.batch import Predictions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.criteria import CriterionOptions
from fairprog_core.data.base import Dataset, Split
from fairprog_core.environment import releases
from fairprog_core.errors import DataError
from fairprog_core.evaluation import majority_accuracy, predict, report
from fairprog_core.explain.conditions import Rival
from fairprog_core.home import replacing
from fairprog_core.json_values import plain
from fairprog_core.learned import Learned
from fairprog_core.methods import METHODS
from fairprog_core.methods.base import Method, Solution, Task
from fairprog_core.methods.features import Features
from fairprog_core.methods.trigger_curve import Triggered
from fairprog_core.predictions_file import write_predictions
from fairprog_core.registry import build
from fairprog_core.statistics.counts import cell_weight, count_table
from fairprog_core.statistics.fronts import choose_lam, hypervolume
from fairprog_core.statistics.metrics import collapsed, evaluate, judged_classes
from fairprog_core.study import CurvePlan, Study
from fairprog_core.training import Record

FIGURES = ("accuracy", "gap", "is_collapsed", "loss_error")


@dataclass(frozen=True)
class Lab:
    """What all curves of a study share.

    Attributes:
        folder: the run's artifact folder; ``runs/<name of the folder>`` in the result's paths.
        splits: "tune", "val" and "test", and "train" where a method learns from it, prepared for the classifier.
        base: predictions of the base, by split ("val", "test").
        about: what is written into the files of what is learned: hashes and versions.
    """

    study: Study
    dataset: Dataset
    classifier: Classifier
    splits: dict[str, Split]
    base: dict[str, Predictions]
    folder: Path
    device: torch.device
    about: dict[str, Any]

    def figures(
        self, predictions: Predictions, gap: str, base: Predictions, *, split: str = "validation"
    ) -> dict[str, Any]:
        """Accuracy, the named gap and whether the classifier has collapsed against the base, in the natural mix.

        Args:
            predictions: of the rows of a split.
            gap: a key of ``metrics.METRICS``.
            base: what the base says about the same rows.
            split: the split's name, for the error.

        Raises:
            DataError: a cell has too few rows for the gap to be estimated.
        """
        groups = self.dataset.groups
        shape = {"n_patterns": len(groups.patterns), "n_classes": len(self.dataset.labels)}
        counts, before = (count_table(found.y, found.y_pred, found.z, **shape) for found in (predictions, base))
        weight = cell_weight(predictions.y, predictions.z, predictions.weight, **shape)
        values = evaluate(counts, weight, groups, judged_classes(counts, groups))
        if not np.isfinite(values[gap]):
            raise DataError(
                f"The {gap.replace('_', ' ')} cannot be estimated on the {split} split: a group has no rows of a "
                f"label; use more {split} rows."
            )
        return {
            "accuracy": float(values["accuracy"]),
            "gap": float(values[gap]),
            "is_collapsed": bool(collapsed(counts, weight, groups, base=before)),
        }

    def reference(self, base: Predictions, gap: str, *, split: str = "validation") -> dict[str, float]:
        """What a curve is compared with on the rows of a split: the base and the majority class."""
        found = self.figures(base, gap, base, split=split)
        return {
            "base_accuracy": found["accuracy"],
            "base_gap": found["gap"],
            "majority_accuracy": majority_accuracy(base, n_classes=len(self.dataset.labels)),
        }

    @cached_property
    def glimpse(self) -> tuple[Split, Predictions]:
        """The validation rows that are looked at while training, and what the base says about them."""
        split = self.splits["val"].evenly(self.study.budget.validate_rows)
        return split, predict(self.classifier, split)

    def learned_from(self, plan: CurvePlan) -> Split:
        """The rows that a curve learns from: of the tuning split, the share that its plan says, drawn by its seed."""
        split = self.splits[plan.method.learns_from]
        ratio = 1.0 if plan.tuning_ratio is None else plan.tuning_ratio
        return split.evenly(max(round(ratio * len(split.y)), 1), seed=plan.seed)

    @cached_property
    def features(self) -> Features:
        """What the last layer of the base reads, for all curves."""
        return Features(self.classifier)

    def point(
        self, found: Predictions, plan: CurvePlan, method: str, lam: float | None, *, base: Predictions,
        files: Mapping[str, Path],
    ) -> dict[str, Any]:  # fmt: skip
        """Keep predictions of the test split, and report them as a POINT of a curve.

        Args:
            found: what was predicted.
            plan: of the curve.
            method: the curve's own, or a control.
            lam: None for a control.
            base: predictions of the same rows without what was learned.
            files: artifacts by name; "predictions" is written here.
        """
        groups, labels = self.dataset.groups, self.dataset.labels
        write_predictions(files["predictions"], found, groups=groups, labels=labels)
        return report(
            found, groups=groups, labels=labels, base=base, method=method, trigger=plan.trigger_name,
            criterion=plan.criterion.kind, lam=lam, seed=plan.seed, tuning_ratio=plan.tuning_ratio,
            artifacts={"trigger": None} | {kind: self.name(file) for kind, file in files.items()},
        )  # fmt: skip

    @cached_property
    def base_readings(self) -> dict[str, Reading | None]:
        """By criterion, what a fresh auditor reads about the groups in the base on the test split."""
        return {criterion.kind: self.read(self.base["test"], criterion) for criterion in self.study.criteria}

    def read(self, predictions: Predictions, criterion: CriterionOptions) -> Reading | None:
        """Let a fresh auditor read the groups of the test rows, within each label where the criterion conditions on it.

        What says the same of every row is read once: a control beside several curves, a method without a seed.
        """
        said = predictions.y_pred if predictions.logits is None else predictions.logits
        key = criterion.conditions_on_label, said.dtype.str, sha256(said.tobytes()).digest()
        if key not in self._readings:
            found = read(predictions, self.dataset.groups, given_label=criterion.conditions_on_label)
            self._readings[key] = found
        return self._readings[key]

    @cached_property
    def _readings(self) -> dict[tuple[bool, str, bytes], Reading | None]:
        """What was read so far."""
        return {}

    def audit(self, predictions: Predictions, criterion: CriterionOptions) -> dict[str, Any] | None:
        """What is still read of the groups, against the base on the same rows; None where nothing can be judged."""
        found, base = self.read(predictions, criterion), self.base_readings[criterion.kind]
        return None if found is None else found.figures(base)

    def base_audit(self) -> dict[str, Any]:
        """By criterion, the audit of the base."""
        return {kind: found and found.figures() for kind, found in self.base_readings.items()}

    @property
    def base_file(self) -> Path:
        """The base's weights as they were saved."""
        return self.folder / "base" / "classifier.safetensors"

    def name(self, path: Path) -> str:
        """A file's path relative to the home, as the result JSON has it."""
        return f"runs/{self.folder.name}/{path.relative_to(self.folder).as_posix()}"


class Said(NamedTuple):
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


class CurveWork:
    """The work on one curve; finished parts are found in its folder and not done again."""

    def __init__(self, lab: Lab, plan: CurvePlan) -> None:
        self.lab, self.plan = lab, plan
        self.folder = lab.folder / "curves" / plan.key
        self.method: Method = build(METHODS, plan.method, self._task())
        for name, split in (("val", "validation"), ("test", "test")):
            lab.reference(lab.base[name], plan.criterion.gap, split=split)  # complains before anything is learned

    def _task(self) -> Task:
        lab, plan = self.lab, self.plan
        about = {
            "curve": plan.key, "method": plan.method.kind, "criterion": plan.criterion.kind,
            "gap": plan.criterion.gap, "lams": list(plan.lam.grid), **lab.about,
        }  # fmt: skip
        return Task(
            classifier=lab.classifier, features=lab.features, base_file=lab.base_file,
            split=lab.learned_from(plan), validation=lab.splits["val"], groups=lab.dataset.groups,
            criterion=plan.criterion, lam=plan.lam, seed=plan.seed, budget=plan.budget, device=lab.device,
            folder=self.folder, about=about, trigger=plan.trigger, mode=lab.study.mode,
            identity_words=frozenset().union(*lab.dataset.identity_words().values()),
        )  # fmt: skip

    def learn(self) -> Iterator[Record]:
        """Let the method learn what is not learned yet, here or, where the study says so, in an earlier one."""
        if self.lab.study.reuse:
            self.learned.bring(self.method.file)
        records = self.method.learn(self.look)
        try:
            for record in records:
                yield {"curve": self.plan.key, **record}
        finally:
            records.close()
        if self.lab.study.reuse:
            self.learned.keep(self.method.file)

    @property
    def learned(self) -> Learned:
        """Where another study finds what is learned here."""
        lab, plan = self.lab, self.plan
        return Learned(
            lab.dataset.home, method=plan.method.to_json(), trigger=plan.trigger and plan.trigger.to_json(),
            criterion=plan.criterion.kind, lam=plan.lam.to_json(), seed=plan.seed, tuning_ratio=plan.tuning_ratio,
            mode=lab.study.mode, budget=self.method.budget.to_json(), device=lab.device.type,
            classifier=[lab.classifier.digest(), lab.study.classifier.digest(exclude={"source"})],
            releases=releases(*plan.method.packages),
            data=[lab.dataset.split_digest(name) for name in (plan.method.learns_from, "val")],
        )  # fmt: skip

    def look(self, solution: Solution, lams: Sequence[float], done: Record) -> Record:
        """While training, on few rows, behind a record of λ that are already done."""
        return self._front(solution, lams, *self.lab.glimpse, done)

    def validate(self, solution: Solution) -> Record:
        """The curve on the whole validation split, by which λ is chosen."""
        return self._front(solution, self.plan.lam.grid, self.lab.splits["val"], self.lab.base["val"], {})

    def _front(
        self, solution: Solution, lams: Sequence[float], split: Split, base: Predictions, done: Record
    ) -> Record:
        """Figures for each λ, behind those already done; the base's; and the hypervolume of all."""
        lab, gap = self.lab, self.plan.criterion.gap
        reference = lab.reference(base, gap)
        found = [
            lab.figures(predictions, gap, base) | {"loss_error": _loss_error(predictions, base)}
            for predictions in solution.over(split, lams)
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
        for said in self.said(solution, self.lab.splits["test"]):
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

    def said(self, solution: Solution, split: Split) -> Iterator[Said]:
        """Ask for every reported λ, then every control."""
        kind, grid, controls = self.plan.method.kind, self.plan.lam.grid, self.controls(solution)
        n = len(grid) + len(controls)
        for i, (lam, found) in enumerate(zip(grid, solution.over(split, grid), strict=True), start=1):
            yield Said(kind, lam, found, solution.files(lam), i / n)
        for i, (name, control) in enumerate(controls.items(), start=len(grid) + 1):
            yield Said(name, None, control.predict(split, 0.0), control.files(0.0), i / n)

    def controls(self, solution: Solution) -> dict[str, Solution]:
        """By its method, what stands beside a curve: other triggers in a learned one's place."""
        if not isinstance(solution, Triggered):
            return {}
        return {
            control.kind: solution.with_trigger(build(METHODS, control).control(solution.trigger, solution.classifier))
            for control in self.lab.study.controls()
        }

    def _point(self, said: Said, *, is_audited: bool) -> dict[str, Any]:
        """Keep predictions of the test split, report the point."""
        lab, plan, name = self.lab, self.plan, said.method if said.lam is None else f"lam-{said.lam:g}"
        files = {**said.files, "predictions": self.folder / f"{name}.parquet"}
        point = lab.point(said.predictions, plan, said.method, said.lam, base=lab.base["test"], files=files)
        return point | {"audit": lab.audit(said.predictions, plan.criterion) if is_audited else None}

    def _summary(
        self, solution: Solution, validation: Record, chosen: float, points: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The curve as the result JSON has it, before anybody looked inside."""
        plan, gap, about = self.plan, self.plan.criterion.gap, solution.about
        own = [point for point in points if point["method"] == plan.method.kind]
        reference = self.lab.reference(self.lab.base["test"], gap, split="test")
        corner = (reference["majority_accuracy"], reference["base_gap"])
        return {
            "key": plan.key, "method": plan.method.kind, "trigger": plan.trigger_name,
            "criterion": plan.criterion.kind, "seed": plan.seed, "tuning_ratio": plan.tuning_ratio, "gap": gap,
            "lams": list(plan.lam.grid),
            "hypervolume": hypervolume(
                [p["accuracy"] for p in own], [np.nan if p[gap] is None else p[gap] for p in own], reference=corner
            ),
            "chosen_lam": chosen, "validation": validation,
            "artifact": self.lab.name(self.method.file), "n_parameters": solution.n_parameters,
            "seconds": about["seconds"], "steps": about["steps"], "best_step": about["best_step"],
            "explain": {}, "probe": {},
        }  # fmt: skip

    def choose(self, validation: Record) -> float:
        """The λ to quote, on validation alone."""
        return choose_lam(
            validation["lam"], validation["accuracy"], validation["gap"], is_collapsed=validation["is_collapsed"],
            base_accuracy=validation["base_accuracy"], loss_error=validation["loss_error"],
            max_loss=self.lab.study.max_accuracy_loss(self.plan.criterion),
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
