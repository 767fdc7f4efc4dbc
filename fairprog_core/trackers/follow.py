"""Logs the records of a run, and at its end its figures on test rows and its files, to trackers."""

import contextlib
import logging
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairprog_core.common.errors import shorten
from fairprog_core.common.records import Front, Record, WarningRecord
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT
from fairprog_core.study import Study
from fairprog_core.study.settings import to_toml
from fairprog_core.trackers import End, Tracker, open_tracker

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-. /]+")
_LOSSES = ("utility_loss", "fairness_loss", "discriminator_accuracy", "chance", "angle", "queries")

log = logging.getLogger(__name__)


class Followers:
    """The trackers that follow a run. One that fails is left out from then on; the run goes on.

    Args:
        kinds: names of trackers.
        study: that is run.
        run_id: of the run.

    Raises:
        ConfigError: a tracker is unknown, its package is missing, or it does not answer.
    """

    def __init__(self, kinds: Sequence[str], study: Study, run_id: str) -> None:
        settings = dict(flat(study.to_json()))
        self._study = study
        self._trackers: dict[str, Tracker] = {}
        for kind in dict.fromkeys(kinds):
            self._trackers[kind] = open_tracker(kind, name=study.name, run_id=run_id, settings=settings)

    def follow(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, each logged before it is passed on; and a warning where a tracker fails."""
        for record in records:
            values, step = numbers_of(record)
            for kind, tracker in list(self._trackers.items()):
                try:
                    if values:
                        tracker.log(values, step)
                    if record["kind"] in ("validation", "curve", "result"):
                        tracker.flush()
                except Exception as error:  # noqa: BLE001  # see the class
                    yield self._left_out(kind, error)
            yield record

    def close(self, end: End, folder: Path) -> Iterator[WarningRecord]:
        """Log the figures and files of a run that has ended.

        Args:
            end: its state.
            folder: of the run, which need not hold a result.
        """
        result = Result.open(folder) if (folder / RESULT).is_file() else None
        with tempfile.TemporaryDirectory(prefix="fairprog-log-") as scratch:
            files = [*self._files(result, Path(scratch))] if self._trackers else []
            for kind, tracker in list(self._trackers.items()):
                try:
                    if result is not None:
                        tracker.log(figures_of(result), 0)
                    for file in files:
                        tracker.keep(file)
                    tracker.close(end)
                except Exception as error:  # noqa: BLE001  # see the class
                    yield self._left_out(kind, error)

    def _files(self, result: Result | None, scratch: Path) -> Iterator[Path]:
        """The study, the result, its points as a table, and every trigger under the name of its curve."""
        if text := to_toml(self._study):
            (study := scratch / "study.toml").write_text(text, "utf-8")
            yield study
        if result is None:
            return
        yield result.folder / RESULT
        (points := scratch / "points.csv").write_text(points_csv([result.base, *result.points]), "utf-8")
        yield points
        for curve in result.curves:
            if curve.trigger is not None and curve.artifact_name and curve.artifact.is_file():
                (trigger := scratch / f"{curve.key}{curve.artifact.suffix}").write_bytes(curve.artifact.read_bytes())
                yield trigger

    def _left_out(self, kind: str, error: Exception) -> WarningRecord:
        with contextlib.suppress(Exception):  # it may answer to this all the same
            self._trackers[kind].close("failed")
        del self._trackers[kind]
        log.error("%s failed", kind, exc_info=error)
        text = f"{kind} is no longer logged to ({shorten(str(error), 160)}); the run goes on."
        return WarningRecord(kind="warning", text=text, is_grave=False)


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings by dotted key, as text; lists are numbered where they hold settings."""
    for key, value in values.items():
        name = _NOT_IN_NAMES.sub("_", f"{prefix}{key}")
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            yield from flat({str(i): each for i, each in enumerate(value)}, f"{name}.")
        else:
            yield name, str(value)


def numbers_of(record: Record) -> tuple[dict[str, float], int]:
    """The numbers of a record by name, and its step."""
    if record["kind"] == "train":
        found = {name: record[name] for name in _LOSSES if name in record}  # type: ignore[literal-required]
        return _named(f"{record.get('curve', 'curve')}/train", found), record["step"]
    if record["kind"] == "base":
        return _named("base/train", {"loss": record["loss"], "accuracy": record["accuracy"]}), record["step"]
    if record["kind"] == "validation":
        return _named(f"{record.get('curve', 'curve')}/validation", dict(_front(record))), record["step"]
    return {}, 0


def _front(front: Front) -> Iterator[tuple[str, float]]:
    """The hypervolume of a validation, and gap and accuracy at every λ."""
    yield "hypervolume", front["hypervolume"]
    for lam, gap, accuracy in zip(front["lam"], front["gap"], front["accuracy"], strict=True):
        yield f"gap/lam {lam:g}", gap
        yield f"accuracy/lam {lam:g}", accuracy


def figures_of(result: Result) -> dict[str, float]:
    """Accuracy and gap on test rows, with intervals: of every curve at its chosen λ, of the base and the controls."""
    found: dict[str, float] = {}
    for curve in result.curves:
        points = {"chosen": result.chosen_point(curve), "base": result.base, **result.controls_of(curve)}
        for name, point in points.items():
            for metric in ("accuracy", curve.gap):
                found |= _named(f"{curve.key}/test/{name}", _with_ends(metric, point.metric(metric)))
        found |= _named(f"{curve.key}/test/chosen", {"lam": curve.chosen_lam})
    return found


def _with_ends(name: str, found: Estimate) -> dict[str, float | None]:
    low, high = found.ci or (None, None)
    return {name: found.value, f"{name}_low": low, f"{name}_high": high}


def _named(prefix: str, values: Mapping[str, float | None]) -> dict[str, float]:
    """Finite numbers under names that every tracker takes."""
    named = ((_NOT_IN_NAMES.sub("_", f"{prefix}/{name}"), value) for name, value in values.items())
    return {name: float(value) for name, value in named if value is not None and math.isfinite(value)}
