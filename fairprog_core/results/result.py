"""The result of a study: ``result.json`` and the files it names. Torch-free.

Paths in ``result.json`` are relative to the home ("runs/<id>/base/…"). They are resolved in the
folder that was opened, so a finished run can be moved, renamed or shipped.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ConfigDict, JsonValue, TypeAdapter

from fairprog_core.common.errors import ArtifactError, shorten
from fairprog_core.common.files.json_values import plain
from fairprog_core.common.home import is_file, replacing, user_path
from fairprog_core.common.options import Modality
from fairprog_core.common.types import Floats, Groups, Predictions
from fairprog_core.data import modality_of
from fairprog_core.metrics.counts import Counts, cell_weight, count_table, joint_table
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow, changes, group_table
from fairprog_core.metrics.levelling import RATES_OF_GAP, Levelling, levelling_down
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import SAME_CURVE, mean_over_seeds, point_rows
from fairprog_core.results.curve import Curve, CurveId, Transfer, read_json, sequence, validate
from fairprog_core.results.gallery_file import Gallery, read_gallery
from fairprog_core.results.predictions_file import StoredPredictions, read_predictions
from fairprog_core.results.run_folder import RESULT, locate
from fairprog_core.results.trained import find_trigger, make_passport, read_base, read_trigger
from fairprog_core.results.weak_base import WeakBase, weak_base

if TYPE_CHECKING:
    import pandas as pd

    from fairprog_core.classifiers.base import Classifier
    from fairprog_core.triggers.fixed import FixedTrigger
    from fairprog_core.triggers.passport import Passport

SCHEMA = "fairprog.study/1"
StudyJson: TypeAlias = dict[str, JsonValue]  # not a `Study`, because options of an earlier version may differ


@dataclass(frozen=True, repr=False)
class Result:
    """The result of a finished or running study, read from its artifact folder.

    Attributes:
        folder: of a run or of a shipped demo.
        study: the study as JSON.
        base: the base classifier's point.
        points: of all curves, in their order.
        curves: the finished curves.
        labels: names of the classes.
        group_names: names of the groups.
        transfer: the triggers on other bases.
        is_complete: whether all parts of the study are finished.
        environment: versions, device, threads.
        seconds: per stage, and "total".
        majority_accuracy: accuracy of always predicting the most frequent label; None in results of early versions.
        queries: rows that a black box was sent so far, by purpose, the base's own predictions included; empty if the
            base is none.
        weak_base: how weak the base is on the test rows; None: it is better than the most frequent label.
    """

    __pydantic_config__ = ConfigDict(allow_inf_nan=False)

    folder: Path
    study: StudyJson
    base: Point
    points: list[Point]
    curves: list[Curve]
    labels: list[str] = field(default_factory=list)
    group_names: list[str] = field(default_factory=list)
    transfer: list[Transfer] = field(default_factory=list)
    is_complete: bool = False
    environment: dict[str, JsonValue] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    majority_accuracy: float | None = None
    queries: dict[str, int] = field(default_factory=dict)
    weak_base: WeakBase | None = None

    def __repr__(self) -> str:
        size = f"{len(self.points)} points of {len(self.curves)} curves{'' if self.is_complete else ', not finished'}"
        return f"<Result: {self.study.get('name')}, {size}; {self.folder}>"

    @classmethod
    def open(cls, folder: str | Path) -> "Result":
        """Read ``result.json`` of a folder.

        Raises:
            ArtifactError: it is missing, damaged, or of another version.
            ConfigError: the path is not valid.
        """
        path = user_path(folder) / RESULT
        if not is_file(path):
            raise ArtifactError(
                f"There is no result in {shorten(folder)}: result.json is missing; run the study, or open another "
                "folder."
            )
        values = read_json(path, remedy="run the study again")
        if (found := values.get("schema")) != SCHEMA:
            raise ArtifactError(
                f"{shorten(path)} is of version {found!r:.40}, this fairprog reads {SCHEMA!r}; run the study again."
            )
        return cls.from_json(values, folder=path.parent)

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, folder: Path) -> "Result":
        """Parse the content of ``result.json``; keys that an early version did not write may be missing.

        Raises:
            ArtifactError: a value is missing, of another type, or inconsistent with the others.
        """
        where = str(folder / RESULT)
        base = Point.from_json(values.get("base", {}), where=where)
        result = cls(
            folder=folder,
            study=validate(_json_object(), values.get("study"), where),
            base=base,
            points=[Point.from_json(point, where=where) for point in sequence(values, "points", where)],
            curves=[Curve.from_json(curve, folder=folder, where=where) for curve in sequence(values, "curves", where)],
            labels=validate(_names(), values.get("labels", base.labels), where),
            group_names=validate(_names(), values.get("groups", base.groups), where),
            transfer=[Transfer.from_json(each, where=where) for each in values.get("transfer") or []],
            is_complete=bool(values.get("complete", False)),
            environment=validate(_json_object(), values.get("environment", {}), where),
            seconds=validate(_seconds(), values.get("seconds", {}), where),
            majority_accuracy=validate(_number(), values.get("majority_accuracy"), where),
            queries=validate(_counts(), values.get("queries", {}), where),
            weak_base=_weak_base(values, base, where),
        )
        result._check(where)
        return result

    def to_json(self) -> dict[str, object]:
        """The content of ``result.json``; a value that cannot be estimated becomes null."""
        values: dict[str, object] = {
            "schema": SCHEMA,
            "study": self.study,
            "environment": self.environment,
            "seconds": self.seconds,
            "complete": self.is_complete,
            "majority_accuracy": self.majority_accuracy,
            "weak_base": self.weak_base,
            "labels": self.labels,
            "groups": self.group_names,
            "base": self.base.to_json(),
            "points": [point.to_json() for point in self.points],
            "curves": [curve.to_json() for curve in self.curves],
        }
        if self.queries:
            values["queries"] = self.queries
        if self.transfer:
            values["transfer"] = [each.to_json() for each in self.transfer]
        content: dict[str, object] = plain(values)
        return content

    def save(self) -> Path:
        """Write ``result.json`` into the folder, atomically, and return its path."""
        path = self.folder / RESULT
        with replacing(path) as part:
            part.write_text(json.dumps(self.to_json(), allow_nan=False, separators=(",", ":")), encoding="utf-8")
        return path

    def select(self, **wanted: object) -> list[Point]:
        """The points with the given attributes, e.g. ``method="reprogram", seed=0``; without any, all points."""
        return [point for point in self.points if all(getattr(point, name) == value for name, value in wanted.items())]

    def points_of(self, curve: CurveId) -> list[Point]:
        """The points of one curve in ascending λ."""
        same = {name: getattr(curve, name) for name in (*SAME_CURVE, "seed")}
        return sorted(self.select(**same), key=lambda point: -1.0 if point.lam is None else point.lam)

    def controls_of(self, curve: CurveId) -> dict[str, Point]:
        """The points of a curve's controls, by their method."""
        same = {name: getattr(curve, name) for name in ("trigger", "criterion", "tuning_ratio", "seed")}
        return {point.method: point for point in self.select(lam=None, **same)}

    def chosen_point(self, curve: CurveId) -> Point:
        """The point of a curve at the λ to quote.

        Raises:
            ArtifactError: it is missing.
        """
        for point in self.points_of(curve):
            if point.lam == curve.chosen_lam:
                return point
        raise ArtifactError(f"{self.folder / RESULT} has no point of {curve.key} at its chosen λ; run the study again.")

    def chosen(self) -> list[Point]:
        """The points of all curves at their λ to quote."""
        return [self.chosen_point(curve) for curve in self.curves]

    def chosen_means(self) -> list[Point]:
        """The chosen points averaged over seeds, one per method, trigger, criterion and share of the tuning data."""
        return mean_over_seeds(self.chosen(), same=SAME_CURVE)

    def to_frame(self) -> "pd.DataFrame":
        """The base and all points as a pandas table, with the columns of the CSV export; NaN: not estimable."""
        import pandas as pd

        table = pd.DataFrame(point_rows([self.base, *self.points]))
        unknown = [name for name in table if table[name].isna().all()]  # else they hold None, which is no number
        return table.astype(dict.fromkeys(unknown, float))

    def trigger(
        self, name: str, *, lam: float | None = None, criterion: str | None = None, seed: int | None = None
    ) -> "FixedTrigger":
        """A trained trigger as a torch module: inputs in, inputs with the trigger out.

        Args:
            name: of the trigger, e.g. "border".
            lam: λ, any that it was trained for; None: the one that was chosen on validation.
            criterion: registry key, for a trigger that was trained for several.
            seed: of the curve; None: the first one.

        Raises:
            ConfigError: there is no such trigger, or λ is outside of the trained range.
            ArtifactError: the trigger's file is missing or damaged.
        """
        curve = find_trigger(self.curves, name, criterion=criterion, seed=seed, folder=self.folder)
        return read_trigger(curve, lam)

    def passport(self, name: str, *, criterion: str | None = None, seed: int | None = None) -> "Passport":
        """A trained trigger with what was measured of it, for `Passport.save`; arguments as of `trigger`.

        Raises:
            ConfigError: there is no such trigger.
            ArtifactError: the file of the trigger or of the base is missing or damaged.
        """
        return make_passport(self, find_trigger(self.curves, name, criterion=criterion, seed=seed, folder=self.folder))

    def base_classifier(self) -> "Classifier":
        """The frozen base classifier as a torch module, from inputs to logits.

        Raises:
            ArtifactError: its file is missing or damaged.
        """
        return read_base(self.folder)

    def path(self, artifact: str) -> Path:
        """The path of a file named in ``result.json``; see `run_folder.locate`."""
        return locate(self.folder, artifact)

    def predictions(self, point: Point) -> Predictions:
        """The predictions that a point was computed from.

        Raises:
            ArtifactError: the file is missing, damaged or of another version.
        """
        return self._stored(point).predictions

    def groups(self) -> Groups:
        """The groups and their patterns, from the file of the base's predictions."""
        return self._stored(self.base).groups

    def group_table(self, point: Point) -> list[GroupRow]:
        """The rates of every group at a point; see `metrics.group_tables.group_table`."""
        if point.group_rates is not None:
            return point.group_rates
        predictions, groups, labels = self._stored(point)
        shape = {"n_patterns": len(groups.patterns), "n_classes": len(labels)}
        counts = count_table(predictions.y, predictions.y_pred, predictions.z, **shape)
        weight = cell_weight(predictions.y, predictions.z, predictions.weight, **shape)
        return group_table(counts, weight, groups, is_stratified=predictions.is_stratified)

    def changes(self, point: Point) -> list[ChangeRow]:
        """Gains and losses against the base; see `metrics.group_tables.changes`."""
        if point.changes is not None:
            return point.changes
        stored, joint, weight = self._against_base(point)
        return changes(joint, weight, stored.groups)

    def levelling(self, point: Point, gap: str) -> Levelling | None:
        """How much of a smaller gap is levelling down; see `metrics.levelling.levelling_down`."""
        if point.levelling is not None:
            return point.levelling.get(gap)
        if gap not in RATES_OF_GAP:
            return None
        stored, joint, weight = self._against_base(point)
        is_stratified = stored.predictions.is_stratified
        return levelling_down(joint, weight, stored.groups, gap=gap, is_stratified=is_stratified)

    def gallery(self, curve: Curve) -> Gallery | None:
        """The gallery of a curve, None if it has none.

        Raises:
            ArtifactError: the file is damaged, outside of the folder, or of other data than the study's.
        """
        path = locate(self.folder, curve.gallery_file.relative_to(self.folder).as_posix())
        if not is_file(path):
            return None
        found = read_gallery(path)
        if found.modality != (expected := self.modality):
            raise ArtifactError(
                f"The gallery {path} is of the modality {found.modality}, its study's data of {expected} or unknown "
                "here; install the plug-in that the study needs, or run it again."
            )
        return found

    @property
    def modality(self) -> Modality:
        """The modality of the study's data set, as far as this installation knows it."""
        dataset = self.study.get("dataset")
        return modality_of(dataset)

    def _against_base(self, point: Point) -> tuple[StoredPredictions, Counts, Floats]:
        """A point's stored predictions, the joint table of base and point, and the weights of the cells."""
        stored, base = self._stored(point), self.predictions(self.base)
        own, shape = stored.predictions, {"n_patterns": len(stored.groups.patterns), "n_classes": len(stored.labels)}
        if len(base.y_pred) != len(own.y_pred):
            raise ArtifactError(
                f"{self.folder / RESULT} names predictions of other rows than the base's; run the study again."
            )
        joint = joint_table(own.y, base.y_pred, own.y_pred, own.z, **shape)
        return stored, joint, cell_weight(own.y, own.z, own.weight, **shape)

    def _stored(self, point: Point) -> StoredPredictions:
        artifact = point.artifacts.get("predictions")
        if not artifact:
            raise ArtifactError(f"{self.folder / RESULT} names no predictions for this point; run the study again.")
        found = read_predictions(self.path(artifact))
        if point.n not in (0, n := len(found.predictions.y)):
            raise ArtifactError(
                f"{self.path(artifact)} holds {n} rows, but the point was computed from {point.n}; run the study again."
            )
        return found

    def _check(self, where: str) -> None:
        """Check that sizes are consistent, so that pages need not check.

        Raises:
            ArtifactError: they are not.
        """
        if len(self.labels) < max(len(self.base.labels), 1) or len(self.group_names) < len(self.base.groups):
            raise ArtifactError(f"{where} is damaged (labels or groups are missing); run the study again.")
        for point in (self.base, *self.points):
            n = len(point.labels)
            is_square = all(len(rows) == n and all(len(row) == n for row in rows) for rows in point.counts)
            if point.counts and (len(point.counts) != len(point.groups) or not is_square):
                raise ArtifactError(f"{where} is damaged (counts do not fit groups and labels); run the study again.")
            if not self._has_tables_of(point):
                raise ArtifactError(f"{where} is damaged (tables do not fit groups and labels); run the study again.")
        for curve in self.curves:
            if curve.gap not in self.base.metrics:
                raise ArtifactError(f"{where} is damaged (the base has no {curve.gap!r:.60}); run the study again.")
            self.chosen_point(curve)
            missing = set(curve.lams) - {point.lam for point in self.points_of(curve)}
            if missing:
                raise ArtifactError(
                    f"{where} is damaged ({curve.key} has no point at λ = {min(missing):g}); run the study again."
                )

    def _has_tables_of(self, point: Point) -> bool:
        """Whether the tables of a point name known labels, and have a row for every row of the base's."""
        own, of_base = point.group_rates, self.base.group_rates
        combined = {len(each.intersections) for each in (point, self.base)} - {0}
        labels = [row["label"] for row in (*(own or ()), *point.intersections, *(point.changes or ()))]
        is_known = all(0 <= label < len(self.labels) for label in labels)
        return is_known and own != [] and len(combined) < 2 and len(own or ()) in {0, len(of_base or own or ())}


def _weak_base(values: Mapping[str, Any], base: Point, where: str) -> WeakBase | None:
    """How weak the base is, as an early version did not write it but could have; see `Result`."""
    if "weak_base" in values:
        return validate(TypeAdapter(WeakBase | None), values["weak_base"], where)
    accuracy, majority = base.metrics.get("accuracy"), values.get("majority_accuracy")
    if accuracy is None or accuracy.value is None or majority is None:
        return None
    return weak_base(accuracy.value, majority, 1 - accuracy.value if len(base.labels) == 2 else None)


@cache
def _counts() -> TypeAdapter[dict[str, int]]:
    return TypeAdapter(dict[str, int])


@cache
def _json_object() -> TypeAdapter[dict[str, JsonValue]]:
    return TypeAdapter(dict[str, JsonValue])


@cache
def _number() -> TypeAdapter[float | None]:
    return TypeAdapter(float | None)


@cache
def _names() -> TypeAdapter[list[str]]:
    return TypeAdapter(list[str])


@cache
def _seconds() -> TypeAdapter[dict[str, float]]:
    return TypeAdapter(dict[str, float])


def uniquely_named(results: Iterable[tuple[str, Result]]) -> dict[str, Result]:
    """Results by the name of their run; of a name that is taken, the next number that is free makes another one."""
    found: dict[str, Result] = {}
    for name, result in results:
        numbered = (f"{name} {number}" for number in count(2))
        found[next(each for each in chain([name], numbered) if each not in found)] = result
    return found
