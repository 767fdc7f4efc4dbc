"""The result of a study: ``result.json`` and the files it names. Torch-free.

Paths inside ``result.json`` are relative to the home ("runs/<id>/base/…"). They are looked up in the
folder that was actually opened, so a finished run can be moved, renamed or shipped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ConfigDict, JsonValue, TypeAdapter

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import plain
from fairprog_core.common.home import replacing
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.counts import Counts, Floats, cell_weight, count_table, joint_table
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow, changes, group_table
from fairprog_core.metrics.levelling import Levelling, levelling_down
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import SAME_CURVE, mean_over_seeds
from fairprog_core.results.curve import Curve, CurveId, Transfer, read_json, sequence, validate
from fairprog_core.results.gallery_file import Gallery, read_gallery
from fairprog_core.results.predictions_file import StoredPredictions, read_predictions
from fairprog_core.results.run_folder import RESULT, locate

SCHEMA = "fairprog.study/1"
StudyJson: TypeAlias = dict[str, JsonValue]  # an earlier version may have known other options


@dataclass(frozen=True)
class Result:
    """A finished or growing study, read from its artifact folder.

    Attributes:
        folder: a run's folder or a shipped demo's.
        study: the study as JSON.
        base: the base classifier's point.
        points: of all curves, in their order.
        curves: the finished curves.
        labels: names of the classes.
        group_names: names of the groups.
        transfer: what the triggers do on other bases.
        is_complete: whether everything that the study asks for is there.
        environment: versions, device, threads.
        seconds: spent per stage, and "total".
        majority_accuracy: accuracy of always answering the most frequent label; None: an early version.
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

    @classmethod
    def open(cls, folder: str | Path) -> "Result":
        """Read ``result.json`` of a folder.

        Raises:
            ArtifactError: it is missing, damaged, or of another version.
        """
        path = Path(folder) / RESULT
        if not path.is_file():
            raise ArtifactError(
                f"There is no result in {folder}: result.json is missing; run the study, or open another folder."
            )
        values = read_json(path, remedy="run the study again")
        if (found := values.get("schema")) != SCHEMA:
            raise ArtifactError(
                f"{path} is of version {found!r:.40}, this fairprog reads {SCHEMA!r}; run the study again."
            )
        return cls.from_json(values, folder=Path(folder))

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, folder: Path) -> "Result":
        """Read the content of ``result.json``; keys that an early version did not write may be missing.

        Raises:
            ArtifactError: a value is missing, of another type, or does not fit to the others.
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
            majority_accuracy=values.get("majority_accuracy"),
        )
        result._check(where)
        return result

    def to_json(self) -> dict[str, Any]:
        """The content of ``result.json``; what cannot be estimated becomes null."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "study": self.study,
            "environment": self.environment,
            "seconds": self.seconds,
            "complete": self.is_complete,
            "majority_accuracy": self.majority_accuracy,
            "labels": self.labels,
            "groups": self.group_names,
            "base": self.base.to_json(),
            "points": [point.to_json() for point in self.points],
            "curves": [curve.to_json() for curve in self.curves],
        }
        if self.transfer:
            values["transfer"] = [each.to_json() for each in self.transfer]
        found: dict[str, Any] = plain(values)
        return found

    def save(self) -> Path:
        """Write ``result.json`` into the folder, whole or not at all; its path."""
        path = self.folder / RESULT
        with replacing(path) as part:
            part.write_text(json.dumps(self.to_json(), allow_nan=False, separators=(",", ":")), encoding="utf-8")
        return path

    def select(self, **wanted: Any) -> list[Point]:
        """The points that agree with every given attribute, e.g. ``method="reprogram", seed=0``; all without any."""
        return [point for point in self.points if all(getattr(point, name) == value for name, value in wanted.items())]

    def points_of(self, curve: CurveId) -> list[Point]:
        """The points of one curve in ascending λ."""
        same = {name: getattr(curve, name) for name in (*SAME_CURVE, "seed")}
        return sorted(self.select(**same), key=lambda point: -1.0 if point.lam is None else point.lam)

    def controls_of(self, curve: CurveId) -> dict[str, Point]:
        """The points of the controls that belong to a curve, by their method."""
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
        """The point at the λ to quote, of every curve."""
        return [self.chosen_point(curve) for curve in self.curves]

    def chosen_means(self) -> list[Point]:
        """The chosen points averaged over seeds, one per method, trigger, criterion and share of the tuning data."""
        return mean_over_seeds(self.chosen(), same=SAME_CURVE)

    def path(self, artifact: str) -> Path:
        """Where a file named in ``result.json`` lies; see `run_folder.locate`."""
        return locate(self.folder, artifact)

    def predictions(self, point: Point) -> Predictions:
        """The predictions behind a point.

        Raises:
            ArtifactError: the file is missing, damaged or of another version.
        """
        return self._stored(point).predictions

    def groups(self) -> Groups:
        """The groups over their patterns, as the base's predictions name them."""
        return self._stored(self.base).groups

    def group_table(self, point: Point) -> list[GroupRow]:
        """The rates of every group at a point; see `metrics.group_tables.group_table`."""
        if point.group_rates is not None:
            return point.group_rates
        found, groups, labels = self._stored(point)
        shape = {"n_patterns": len(groups.patterns), "n_classes": len(labels)}
        counts = count_table(found.y, found.y_pred, found.z, **shape)
        weight = cell_weight(found.y, found.z, found.weight, **shape)
        return group_table(counts, weight, groups, is_stratified=found.is_stratified)

    def changes(self, point: Point) -> list[ChangeRow]:
        """Who gained and who lost against the base; see `metrics.group_tables.changes`."""
        if point.changes is not None:
            return point.changes
        found, joint, weight = self._against_base(point)
        return changes(joint, weight, found.groups)

    def levelling(self, point: Point, gap: str) -> Levelling | None:
        """Who paid for a smaller gap; see `metrics.levelling.levelling_down`."""
        if point.levelling is not None:
            return point.levelling.get(gap)
        found, joint, weight = self._against_base(point)
        is_stratified = found.predictions.is_stratified
        return levelling_down(joint, weight, found.groups, gap=gap, is_stratified=is_stratified)

    def gallery(self, curve: Curve) -> Gallery | None:
        """The pictures or texts kept of a curve, None if the study kept none.

        Raises:
            ArtifactError: the file is damaged, or lies outside of the folder.
        """
        path = locate(self.folder, curve.gallery_file.relative_to(self.folder).as_posix())
        return read_gallery(path) if path.is_file() else None

    def _against_base(self, point: Point) -> tuple[StoredPredictions, Counts, Floats]:
        """What is stored of a point, its rows by what the base and it say, and the weights of the cells."""
        stored, base = self._stored(point), self.predictions(self.base)
        found, shape = stored.predictions, {"n_patterns": len(stored.groups.patterns), "n_classes": len(stored.labels)}
        if len(base.y_pred) != len(found.y_pred):
            raise ArtifactError(
                f"{self.folder / RESULT} names predictions of other rows than the base's; run the study again."
            )
        joint = joint_table(found.y, base.y_pred, found.y_pred, found.z, **shape)
        return stored, joint, cell_weight(found.y, found.z, found.weight, **shape)

    def _stored(self, point: Point) -> StoredPredictions:
        artifact = point.artifacts.get("predictions")
        if not artifact:
            raise ArtifactError(f"{self.folder / RESULT} names no predictions for this point; run the study again.")
        return read_predictions(self.path(artifact))

    def _check(self, where: str) -> None:
        """Sizes that must agree, so that no page has to ask.

        Raises:
            ArtifactError: they do not.
        """
        for point in (self.base, *self.points):
            n = len(point.labels)
            is_square = all(len(rows) == n and all(len(row) == n for row in rows) for rows in point.counts)
            if point.counts and (len(point.counts) != len(point.groups) or not is_square):
                raise ArtifactError(f"{where} is damaged (counts do not fit groups and labels); run the study again.")
        for curve in self.curves:
            self.chosen_point(curve)
            missing = set(curve.lams) - {point.lam for point in self.points_of(curve)}
            if missing:
                raise ArtifactError(
                    f"{where} is damaged ({curve.key} has no point at λ = {min(missing):g}); run the study again."
                )


@cache
def _json_object() -> TypeAdapter[dict[str, JsonValue]]:
    return TypeAdapter(dict[str, JsonValue])


@cache
def _names() -> TypeAdapter[list[str]]:
    return TypeAdapter(list[str])


@cache
def _seconds() -> TypeAdapter[dict[str, float]]:
    return TypeAdapter(dict[str, float])
