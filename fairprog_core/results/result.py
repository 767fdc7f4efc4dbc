"""The artifact folder of a run: ``result.json`` and the files it names. Torch-free.

Paths inside ``result.json`` are relative to the home ("runs/<id>/base/…"). They are looked up in the
folder that was actually opened, so a finished run can be moved, renamed or shipped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import replacing
from fairprog_core.common.json_values import plain
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.counts import Counts, Floats, cell_weight, count_table, joint_table
from fairprog_core.metrics.group_tables import changes, group_table
from fairprog_core.metrics.levelling import levelling_down
from fairprog_core.metrics.summaries import SAME_CURVE, Point, mean_over_seeds
from fairprog_core.results.gallery_file import Gallery, read_gallery
from fairprog_core.results.predictions_file import StoredPredictions, read_predictions

SCHEMA = "fairprog.study/1"
_NEEDED = ("study", "base", "points", "curves")


class Curve(dict[str, Any]):
    """A curve of the result JSON, which also knows where lies what was learned."""

    def __init__(self, values: Mapping[str, Any], folder: Path) -> None:
        super().__init__(values)
        self._folder = folder

    @property
    def artifact(self) -> Path:
        """The trigger's file, or what another method learned (a file, or a folder), in the folder that was opened."""
        return locate(self._folder, self["artifact"])

    @property
    def gallery_file(self) -> Path:
        return self._folder / "curves" / PurePosixPath(self["key"]).name / "gallery.safetensors"


@dataclass(frozen=True)
class Result:
    """A finished or growing study, read from its artifact folder.

    Attributes:
        folder: a run's folder or a shipped demo's.
        values: the content of ``result.json``.
    """

    folder: Path
    values: dict[str, Any]

    @classmethod
    def open(cls, folder: str | Path) -> "Result":
        """Read ``result.json`` of a folder.

        Raises:
            ArtifactError: it is missing, damaged, or of another version.
        """
        path = Path(folder) / "result.json"
        if not path.is_file():
            raise ArtifactError(
                f"There is no result in {folder}: result.json is missing; run the study, or open another folder."
            )
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ArtifactError(f"{path} is damaged ({error}); run the study again.") from error
        found = values.get("schema") if isinstance(values, dict) else None
        if found != SCHEMA:
            raise ArtifactError(f"{path} is of version {found!r}, this fairprog reads {SCHEMA!r}; run the study again.")
        missing = [name for name in _NEEDED if name not in values]
        if missing:
            raise ArtifactError(f"{path} is damaged ({missing[0]!r} is missing); run the study again.")
        return cls(Path(folder), values)

    @property
    def study(self) -> dict[str, Any]:
        """The study as JSON."""
        study: dict[str, Any] = self.values["study"]
        return study

    @property
    def base(self) -> Point:
        """The base classifier's POINT."""
        base: Point = self.values["base"]
        return base

    @property
    def curves(self) -> list[Curve]:
        """The finished curves."""
        return [Curve(values, self.folder) for values in self.values["curves"]]

    @property
    def is_complete(self) -> bool:
        """Whether everything that the study asks for is there."""
        return bool(self.values.get("complete", False))

    def points(self, **wanted: Any) -> list[Point]:
        """The points that agree with every given key, e.g. ``method="reprogram", seed=0``; all without any."""
        return [
            point for point in self.values["points"] if all(point.get(key) == value for key, value in wanted.items())
        ]

    def points_of(self, curve: Mapping[str, Any]) -> list[Point]:
        """The points of one curve in ascending λ."""
        same = {name: curve.get(name) for name in (*SAME_CURVE, "seed")}
        return sorted(self.points(**same), key=lambda point: -1.0 if point["lam"] is None else point["lam"])

    def chosen(self, **wanted: Any) -> list[Point]:
        """The point at the λ chosen on validation, of every curve that agrees with the given keys."""
        curves = [curve for curve in self.curves if all(curve.get(key) == value for key, value in wanted.items())]
        return [point for curve in curves for point in self.points_of(curve) if point["lam"] == curve["chosen_lam"]]

    def chosen_means(self) -> list[Point]:
        """The chosen points averaged over seeds, one per method, trigger, criterion and share of the tuning data."""
        return mean_over_seeds(self.chosen(), same=SAME_CURVE)

    def path(self, artifact: str) -> Path:
        """Where a file named in ``result.json`` lies; see `locate`."""
        return locate(self.folder, artifact)

    def predictions(self, point: Mapping[str, Any]) -> Predictions:
        """The predictions behind a point.

        Raises:
            ArtifactError: the file is missing, damaged or of another version.
        """
        return self._stored(point).predictions

    def groups(self) -> Groups:
        """The groups over their patterns, as the base's predictions name them."""
        return self._stored(self.base).groups

    def group_table(self, point: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rates of every group at a point; see `fairprog_core.metrics.group_tables.group_table`."""
        found, groups, labels = self._stored(point)
        shape = {"n_patterns": len(groups.patterns), "n_classes": len(labels)}
        counts = count_table(found.y, found.y_pred, found.z, **shape)
        weight = cell_weight(found.y, found.z, found.weight, **shape)
        return group_table(counts, weight, groups, is_stratified=found.is_stratified)

    def changes(self, point: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Who gained and who lost against the base; see `fairprog_core.metrics.group_tables.changes`."""
        found, joint, weight = self._against_base(point)
        return changes(joint, weight, found.groups)

    def levelling(self, point: Mapping[str, Any], gap: str) -> dict[str, Any] | None:
        """Who paid for a smaller gap; see `fairprog_core.metrics.levelling.levelling_down`."""
        found, joint, weight = self._against_base(point)
        is_stratified = found.predictions.is_stratified
        return levelling_down(joint, weight, found.groups, gap=gap, is_stratified=is_stratified)

    def _against_base(self, point: Mapping[str, Any]) -> tuple[StoredPredictions, Counts, Floats]:
        """What is stored of a point, its rows by what the base and it say, and the weights of the cells."""
        stored, base = self._stored(point), self.predictions(self.base)
        found, shape = stored.predictions, {"n_patterns": len(stored.groups.patterns), "n_classes": len(stored.labels)}
        joint = joint_table(found.y, base.y_pred, found.y_pred, found.z, **shape)
        return stored, joint, cell_weight(found.y, found.z, found.weight, **shape)

    def gallery(self, curve: Mapping[str, Any]) -> Gallery | None:
        """The pictures kept of a curve, None if the study kept none.

        Raises:
            ArtifactError: the file is damaged.
        """
        path = Curve(curve, self.folder).gallery_file
        return read_gallery(path) if path.is_file() else None

    def _stored(self, point: Mapping[str, Any]) -> StoredPredictions:
        artifact = point.get("artifacts", {}).get("predictions")
        if not artifact:
            raise ArtifactError(
                f"{self.folder / 'result.json'} names no predictions for this point; run the study again."
            )
        return read_predictions(self.path(artifact))


def locate(folder: Path, artifact: str) -> Path:
    """The file that ``result.json`` names, in the folder that was opened.

    Args:
        folder: the artifact folder.
        artifact: "runs/<id>/…", relative to the home; or relative to the folder.

    Raises:
        ArtifactError: the name leads out of the folder.
    """
    parts = PurePosixPath(artifact).parts
    inside = parts[2:] if len(parts) > 2 and parts[0] == "runs" else parts
    if not inside or ".." in inside or PurePosixPath(artifact).is_absolute() or "\\" in artifact:
        raise ArtifactError(
            f"{folder / 'result.json'} names the file {artifact!r} outside of its folder; do not use it."
        )
    return folder.joinpath(*inside)


def save(folder: Path, values: Mapping[str, Any]) -> Path:
    """Write ``result.json``, whole or not at all; what cannot be estimated becomes null.

    Args:
        folder: the artifact folder, made if missing.
        values: the result without its schema; numpy values are allowed.

    Returns:
        The path of the file.
    """
    path = folder / "result.json"
    with replacing(path) as part:
        text = json.dumps({"schema": SCHEMA} | plain(values), allow_nan=False, separators=(",", ":"))
        part.write_text(text, encoding="utf-8")
    return path
