"""Reads the files of runs for the pages: results, galleries, tables. Caches every file until it changes."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from app.state import pins, run_store
from app.wording.shared import inside, public
from fairprog_core.common.errors import FairprogError
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow
from fairprog_core.metrics.levelling import Levelling
from fairprog_core.metrics.point import Point
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import shipped_comparisons, shipped_demos
from fairprog_core.study.settings import in_short


class RunChoice(NamedTuple):
    """A run that a page can show.

    Attributes:
        run: its id.
        name: on the screen.
        folder: of its artifacts.
        changes: the settings in which its study differs from the preset; may be empty.
    """

    run: str
    name: str
    folder: Path
    changes: str = ""


def choices() -> list[RunChoice]:
    """What is shipped, then the runs of this home with a finished curve: pinned ones first, then the newest."""
    found = [RunChoice(run, inside.demo_name(folder.name), folder) for run, folder in shipped_demos().items()]
    found += [
        RunChoice(run, inside.comparison_name(folder.name), folder) for run, folder in shipped_comparisons().items()
    ]
    first = pins.pinned()
    visible = run_store.visible_ids()
    files = [
        file for file in run_store.home().runs.glob("*/result.json") if visible is None or file.parent.name in visible
    ]
    stamps = {file.parent: stamp for file in files if (stamp := _stamp_of_run(file)) is not None}
    newest = sorted(stamps, key=stamps.__getitem__, reverse=True)
    for folder in sorted(newest, key=lambda folder: folder.name not in first):
        about = _about(folder, stamps[folder])
        if about is not None:
            name, changes = about
            shown = inside.run_name(name, folder.name)
            shown = inside.PINNED.format(name=shown) if folder.name in first else shown
            found.append(RunChoice(folder.name, shown, folder, changes))
    return found


def read(folder: Path) -> Result | None:
    """The result of a folder; None where it is missing or damaged."""
    try:
        return _open(folder, _modified(folder))
    except (OSError, FairprogError):
        return None


def damage_of(run: str) -> str | None:
    """One sentence on the damage of a run's result; None where the result is valid or does not exist yet."""
    folder = run_store.folder_of(run)
    try:
        return None if folder is None else _damage(folder, _modified(folder))
    except OSError:
        return None


def group_table(result: Result, point: Point) -> list[GroupRow]:
    """The rates of every group at a point; computed from the predictions where an early version wrote the result."""
    if point.group_rates is not None:
        return point.group_rates
    return _group_table(result.folder, _modified(result.folder), _predictions(point), point)


def changes(result: Result, point: Point) -> list[ChangeRow]:
    """Gained and lost rows at a point; computed from the predictions where an early version wrote the result."""
    if point.changes is not None:
        return point.changes
    return _changes(result.folder, _modified(result.folder), _predictions(point), point)


def levelling(result: Result, point: Point, gap: str) -> Levelling | None:
    """Levelling down at a point; computed from the predictions where an early version wrote the result."""
    if point.levelling is not None:
        return point.levelling.get(gap)
    return _levelling(result.folder, _modified(result.folder), _predictions(point), gap, point)


def gallery(result: Result, key: str) -> Gallery | None:
    """The gallery of the curve with this key: test rows with their explanations; None where it has none."""
    return _gallery(result.folder, _modified(result.folder), key)


def base_weights(result: Result) -> Path | None:
    """The path of the base classifier's weights; None where the run did not keep them."""
    path = result.folder / "base" / "classifier.safetensors"
    return path if path.is_file() else None


def stamp(result: Result, key: str) -> str:
    """A cache key that changes with the result of the curve with this key.

    Sizes are part of it: the file may have been replaced since ``result`` was read.
    """
    sizes = f"{len(result.points)}-{len(result.curves)}-{result.is_complete}"
    return f"{result.folder}/{key}@{_modified(result.folder)}-{sizes}"


def _stamp_of_run(file: Path) -> int | None:
    """When a result changed; None where no page could show its run: it is gone, or its folder's name is no text."""
    try:
        return file.stat().st_mtime_ns if file.parent.name.isprintable() else None
    except OSError:
        return None


def _modified(folder: Path) -> int:
    return (folder / "result.json").stat().st_mtime_ns


def _predictions(point: Point) -> str:
    return point.artifacts.get("predictions") or ""


# ``modified``, the result's modification time, is part of every cache key. Arguments with an underscore are not.


@st.cache_resource(max_entries=48, show_spinner=False)
def _open(folder: Path, modified: int) -> Result:
    return Result.open(folder)


@st.cache_data(max_entries=1024, show_spinner=False)
def _about(folder: Path, modified: int) -> tuple[str, str] | None:
    """The name of a folder's study and its changed settings; None without a curve. The result itself is not cached."""
    try:
        result = Result.open(folder)
    except (OSError, FairprogError):
        return None
    return (str(result.study.get("name", "")), in_short(public.saved(result.study))) if result.curves else None


@st.cache_data(max_entries=1024, show_spinner=False)
def _damage(folder: Path, modified: int) -> str | None:
    try:
        Result.open(folder)
    except FairprogError as error:
        return str(error)
    return None


@st.cache_data(max_entries=256, show_spinner=False)
def _group_table(folder: Path, modified: int, name: str, _point: Point) -> list[GroupRow]:
    return _open(folder, modified).group_table(_point)


@st.cache_data(max_entries=256, show_spinner=False)
def _changes(folder: Path, modified: int, name: str, _point: Point) -> list[ChangeRow]:
    return _open(folder, modified).changes(_point)


@st.cache_data(max_entries=256, show_spinner=False)
def _levelling(folder: Path, modified: int, name: str, gap: str, _point: Point) -> Levelling | None:
    return _open(folder, modified).levelling(_point, gap)


@st.cache_resource(max_entries=48, show_spinner=inside.LOADING)
def _gallery(folder: Path, modified: int, key: str) -> Gallery | None:
    result = _open(folder, modified)
    return result.gallery(next(curve for curve in result.curves if curve.key == key))
