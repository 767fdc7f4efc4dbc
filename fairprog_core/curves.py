"""One curve of a study: learn the trigger, choose λ on validation, evaluate once on the test split.

Notation: m reported values of λ.
"""

import json
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fairprog_core.batch import Predictions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.counts import cell_weight, count_table
from fairprog_core.data.base import Dataset, Split
from fairprog_core.errors import DataError
from fairprog_core.evaluation import majority_accuracy, predict, report
from fairprog_core.fronts import choose_lam, hypervolume
from fairprog_core.home import replacing
from fairprog_core.json_values import plain
from fairprog_core.methods import METHODS
from fairprog_core.metrics import collapsed, evaluate
from fairprog_core.predictions_file import write_predictions
from fairprog_core.registry import build
from fairprog_core.study import CurvePlan, Study
from fairprog_core.training import Record, fit
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger, load_trigger

FIGURES = ("accuracy", "gap", "is_collapsed", "loss_error")


@dataclass(frozen=True)
class Lab:
    """What all curves of a study share.

    Attributes:
        folder: the run's artifact folder; ``runs/<name of the folder>`` in the result's paths.
        splits: "tune", "val" and "test", prepared for the classifier.
        base: predictions of the base, by split ("val", "test").
        about: what is written into trigger files: hashes and versions.
    """

    study: Study
    dataset: Dataset
    classifier: Classifier
    splits: dict[str, Split]
    base: dict[str, Predictions]
    folder: Path
    device: torch.device
    about: dict[str, Any]

    def figures(self, predictions: Predictions, gap: str) -> dict[str, Any]:
        """Accuracy, the named gap and whether the classifier has collapsed, in the natural mix.

        Raises:
            DataError: a cell has too few rows for the gap to be estimated.
        """
        groups = self.dataset.groups
        shape = {"n_patterns": len(groups.patterns), "n_classes": len(self.dataset.labels)}
        counts = count_table(predictions.y, predictions.y_pred, predictions.z, **shape)
        weight = cell_weight(predictions.y, predictions.z, predictions.weight, **shape)
        values = evaluate(counts, weight, groups)
        if not np.isfinite(values[gap]):
            raise DataError(
                f"The {gap.replace('_', ' ')} cannot be estimated on the validation split: a group has no rows of a "
                "label; use more validation rows."
            )
        return {
            "accuracy": float(values["accuracy"]),
            "gap": float(values[gap]),
            "is_collapsed": bool(collapsed(counts, weight, groups)),
        }

    def reference(self, base: Predictions, gap: str) -> dict[str, float]:
        """What a curve is compared with on the same rows: the base and the majority class."""
        found = self.figures(base, gap)
        return {
            "base_accuracy": found["accuracy"],
            "base_gap": found["gap"],
            "majority_accuracy": majority_accuracy(base, n_classes=len(self.dataset.labels)),
        }

    def name(self, path: Path) -> str:
        """A file's path relative to the home, as the result JSON has it."""
        return f"runs/{self.folder.name}/{path.relative_to(self.folder).as_posix()}"


class CurveWork:
    """The work on one curve; finished parts are found in its folder and not done again."""

    def __init__(self, lab: Lab, plan: CurvePlan) -> None:
        self.lab, self.plan = lab, plan
        self.folder = lab.folder / "curves" / plan.key
        lab.reference(lab.base["val"], plan.criterion.gap)  # complains early where the gap cannot be estimated

    @cached_property
    def glimpse(self) -> tuple[Split, Predictions]:
        """The validation rows that are looked at while training, and what the base says about them."""
        lab, split = self.lab, self.lab.splits["val"].evenly(self.lab.study.budget.validate_rows)
        return split, predict(lab.classifier, split)

    @property
    def file(self) -> Path:
        """The trigger for every λ."""
        return self.folder / "trigger.safetensors"

    def untrained(self, *knots: float) -> Trigger:
        """A trigger as it starts, with anchors at the given λ."""
        trigger: Trigger = build(
            TRIGGERS, self.plan.trigger, knots=knots, seed=self.plan.seed, **self.lab.classifier.medium
        )
        return trigger.bound(self.lab.classifier)

    def learn(self) -> Iterator[Record]:
        """Learn the trigger and write its file."""
        if self.file.exists():
            return
        if self.lab.study.mode == "amortised":
            kind, lam = TRIGGERS[self.plan.trigger.kind].load(), self.plan.lam
            knots = kind.knots(self.plan.trigger, low=lam.low, high=lam.high, grid=lam.grid)
            trigger = self.untrained(*knots)
            summary = yield from self._fit(trigger, "checkpoint", None, [])
        else:
            trigger, summary = yield from self._learn_separately()
        trigger.cpu().save(
            self.file, curve=self.plan.key, method=self.plan.method.kind, criterion=self.plan.criterion.kind,
            gap=self.plan.criterion.gap, lams=list(self.plan.lam.grid), mode=self.lab.study.mode,
            **summary, **self.lab.about,
        )  # fmt: skip
        for rest in [*self.folder.glob("checkpoint*.safetensors"), *self.folder.glob("lam-*.safetensors")]:
            rest.unlink()

    def _learn_separately(self) -> Any:
        """One training per reported λ, each with the whole budget; joined into one trigger."""
        parts: list[Trigger] = []
        summaries: list[Record] = []
        for lam in self.plan.lam.grid:
            done = self.folder / f"lam-{lam:g}.safetensors"
            if done.exists():
                parts.append(load_trigger(done))
                summaries.append(parts[-1].about["summary"])
                continue
            trigger = self.untrained(lam)
            summary = yield from self._fit(trigger, f"checkpoint-{lam:g}", lam, summaries)
            trigger.cpu().save(done, summary=summary)
            parts.append(trigger)
            summaries.append(summary)
        together = {"steps": sum(s["steps"] for s in summaries), "seconds": sum(s["seconds"] for s in summaries)}
        whole = type(parts[0]).merged(parts).to(self.lab.device).bound(self.lab.classifier)
        return whole, {**together, "best_step": summaries[-1]["best_step"]}

    def _fit(self, trigger: Trigger, checkpoint: str, lam: float | None, before: list[Record]) -> Any:
        """Train one trigger; yields its records, returns steps, seconds, best_step and validation."""
        study, plan = self.lab.study, self.plan
        method = build(
            METHODS, plan.method, classifier=self.lab.classifier, trigger=trigger, criterion=plan.criterion,
            groups=self.lab.dataset.groups, split=self.lab.splits["tune"], steps=study.budget.steps,
            seed=plan.seed, lam=lam, device=self.lab.device,
            identity_words=frozenset().union(*self.lab.dataset.identity_words().values()),
        )  # fmt: skip
        done = before[-1]["validation"] if before else {}
        records = fit(
            method, study.budget, validate=lambda: self.look(trigger, lam, done),
            checkpoint=self.folder / f"{checkpoint}.safetensors",
        )  # fmt: skip
        summary: Record = {}
        try:
            for record in records:
                if record["kind"] == "fitted":
                    summary = {name: value for name, value in record.items() if name != "kind"}
                    continue
                if lam is not None and "steps" in record:
                    record |= {"step": record["step"] + len(before) * study.budget.steps}
                    record |= {"steps": study.budget.steps * len(plan.lam.grid)}
                yield {"curve": plan.key, **record}
        finally:
            records.close()
        started = time.perf_counter()
        method.finish(self.lab.splits["val"])
        return summary | {"seconds": summary["seconds"] + time.perf_counter() - started}

    def look(self, trigger: Trigger, lam: float | None, done: Record) -> Record:
        """While training, on few rows: every reported λ, or one λ behind those already done."""
        return self._front(trigger, self.plan.lam.grid if lam is None else (lam,), *self.glimpse, done)

    def validate(self, trigger: Trigger) -> Record:
        """The curve on the whole validation split, by which λ is chosen."""
        return self._front(trigger, self.plan.lam.grid, self.lab.splits["val"], self.lab.base["val"], {})

    def _front(self, trigger: Trigger, lams: Sequence[float], split: Split, base: Predictions, done: Record) -> Record:
        """Figures for each λ, behind those already done; the base's; and the hypervolume of all."""
        lab, gap = self.lab, self.plan.criterion.gap
        reference = lab.reference(base, gap)
        found = [
            lab.figures(predictions, gap) | {"loss_error": _loss_error(predictions, base)}
            for predictions in self._predictions(trigger, lams, split)
        ]
        columns = {name: [*done.get(name, []), *(each[name] for each in found)] for name in FIGURES}
        corner = (reference["majority_accuracy"], reference["base_gap"])
        volume = hypervolume(columns["accuracy"], columns["gap"], reference=corner)
        return {"lam": [*done.get("lam", []), *lams], **columns, "hypervolume": volume or 0.0, **reference}

    def _predictions(self, trigger: Trigger, lams: Sequence[float], split: Split) -> Iterator[Predictions]:
        """What the classifier says behind the trigger, λ after λ; those with the same trigger are asked once."""
        seen: dict[Hashable, Predictions] = {}
        for lam in lams:
            if (key := trigger.key(lam)) not in seen:
                seen[key] = predict(trigger.wrap(self.lab.classifier, lam=lam), split)
            yield seen[key]

    def evaluate(self) -> Iterator[float]:
        """λ chosen on validation; every reported λ and every control once on the test split. Yields the done share."""
        trigger = load_trigger(self.file).to(self.lab.device).bound(self.lab.classifier)
        validation = self.validate(trigger)
        points = []
        controls = self.lab.study.controls()
        total = len(self.plan.lam.grid) + len(controls)
        test, grid = self.lab.splits["test"], self.plan.lam.grid
        for lam, found in zip(grid, self._predictions(trigger, grid, test), strict=True):
            points.append(self._point(found, lam, self.plan.method.kind, f"lam-{lam:g}"))
            yield len(points) / total
        for control in controls:
            changed = build(METHODS, control).control(trigger, self.lab.classifier)
            found = predict(changed.wrap(self.lab.classifier, lam=0.0), test)
            points.append(self._point(found, None, control.kind, control.kind))
            yield len(points) / total
        self.write({"curve": self._summary(trigger, validation, points), "points": points})

    def _point(self, found: Predictions, lam: float | None, method: str, name: str) -> dict[str, Any]:
        """Keep predictions of the test split, report the point."""
        lab, plan = self.lab, self.plan
        path = self.folder / f"{name}.parquet"
        write_predictions(path, found, groups=lab.dataset.groups, labels=lab.dataset.labels)
        return report(
            found, groups=lab.dataset.groups, labels=lab.dataset.labels, base=lab.base["test"], method=method,
            trigger=plan.trigger_name, criterion=plan.criterion.kind, lam=lam, seed=plan.seed,
            artifacts={"trigger": lab.name(self.file), "predictions": lab.name(path)},
        )  # fmt: skip

    def _summary(self, trigger: Trigger, validation: Record, points: list[dict[str, Any]]) -> dict[str, Any]:
        """The curve as the result JSON has it, before anybody looked inside."""
        plan, gap, about = self.plan, self.plan.criterion.gap, trigger.about
        own = [point for point in points if point["method"] == plan.method.kind]
        base = self.lab.base["test"]
        corner = majority_accuracy(base, n_classes=len(self.lab.dataset.labels)), self.lab.figures(base, gap)["gap"]
        return {
            "key": plan.key, "method": plan.method.kind, "trigger": plan.trigger_name,
            "criterion": plan.criterion.kind, "seed": plan.seed, "gap": gap, "lams": list(plan.lam.grid),
            "hypervolume": hypervolume(
                [p["accuracy"] for p in own], [np.nan if p[gap] is None else p[gap] for p in own], reference=corner
            ),
            "chosen_lam": self.choose(validation), "validation": validation, "artifact": self.lab.name(self.file),
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
