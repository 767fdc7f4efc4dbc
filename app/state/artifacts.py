"""What the pages read of finished runs: results, galleries, tables; each file once, until it changes."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from app.state import run_store
from app.wording.shared import inside
from fairprog_core.common.errors import FairprogError
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow
from fairprog_core.metrics.levelling import Levelling
from fairprog_core.metrics.point import Point
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.result import Result
from fairprog_core.study.settings import in_short


class RunChoice(NamedTuple):
    """A run that can be looked at.

    Attributes:
        run: its id.
        name: on the screen.
        folder: of its artifacts.
        changes: what tells it from other runs of its study's name; may be empty.
    """

    run: str
    name: str
    folder: Path
    changes: str = ""


def choices() -> list[RunChoice]:
    """The shipped demos, then the runs of this home with a finished curve, the newest first."""
    found = [RunChoice(run, inside.demo_name(folder.name), folder) for run, folder in run_store.demos().items()]
    ages = {file.parent: file.stat().st_mtime_ns for file in run_store.home().runs.glob("*/result.json")}
    for folder in sorted(ages, key=ages.__getitem__, reverse=True):
        about = _about(folder, ages[folder])
        if about is not None:
            name, changes = about
            found.append(RunChoice(folder.name, inside.run_name(name, folder.name), folder, changes))
    return found


def read(folder: Path) -> Result | None:
    """The result of a folder, or None where it is missing or damaged."""
    try:
        return _open(folder, _stamp(folder))
    except (OSError, FairprogError):
        return None


def damage_of(run: str) -> str | None:
    """What is wrong with a run's result, in one sentence; None where it can be read, or where there is none yet."""
    folder = run_store.folder_of(run)
    try:
        return None if folder is None else _damage(folder, _stamp(folder))
    except OSError:
        return None


def group_table(result: Result, point: Point) -> list[GroupRow]:
    """The rates of every group at a point; results of an early version do not hold them."""
    if point.group_rates is not None:
        return point.group_rates
    return _group_table(result.folder, _age(result), _predictions(point), point)


def changes(result: Result, point: Point) -> list[ChangeRow]:
    """Who gained and who lost at a point; results of an early version do not hold it."""
    if point.changes is not None:
        return point.changes
    return _changes(result.folder, _age(result), _predictions(point), point)


def levelling(result: Result, point: Point, gap: str) -> Levelling | None:
    """Who paid for the smaller gap at a point; results of an early version do not hold it."""
    if point.levelling is not None:
        return point.levelling.get(gap)
    return _levelling(result.folder, _age(result), _predictions(point), gap, point)


def gallery(result: Result, key: str) -> Gallery | None:
    """The test rows kept of the curve with this key, or None."""
    return _gallery(result.folder, _age(result), key)


def base_weights(result: Result) -> Path | None:
    """The weights of the frozen base beside a result, or None where they were not kept."""
    path = result.folder / "base" / "classifier.safetensors"
    return path if path.is_file() else None


def stamp(result: Result, key: str) -> str:
    """Changes whenever the curve with this key, or its gallery, may have changed."""
    return f"{result.folder}/{key}@{_age(result)}"


def _age(result: Result) -> int:
    return _stamp(result.folder)


def _stamp(folder: Path) -> int:
    return (folder / "result.json").stat().st_mtime_ns


def _predictions(point: Point) -> str:
    return point.artifacts.get("predictions") or ""


# ``age`` is part of every key: another age, another file. Arguments with an underscore are not.


@st.cache_resource(max_entries=8, show_spinner=False)
def _open(folder: Path, age: int) -> Result:
    return Result.open(folder)


@st.cache_data(max_entries=1024, show_spinner=False)
def _about(folder: Path, age: int) -> tuple[str, str] | None:
    """The name of a folder's study and what tells it apart, or None where there is no curve; nothing else is kept."""
    try:
        result = Result.open(folder)
    except (OSError, FairprogError):
        return None
    return (str(result.study.get("name", "")), in_short(result.study)) if result.curves else None


@st.cache_data(max_entries=1024, show_spinner=False)
def _damage(folder: Path, age: int) -> str | None:
    try:
        Result.open(folder)
    except FairprogError as error:
        return str(error)
    return None


@st.cache_data(max_entries=256, show_spinner=False)
def _group_table(folder: Path, age: int, name: str, _point: Point) -> list[GroupRow]:
    return _open(folder, age).group_table(_point)


@st.cache_data(max_entries=256, show_spinner=False)
def _changes(folder: Path, age: int, name: str, _point: Point) -> list[ChangeRow]:
    return _open(folder, age).changes(_point)


@st.cache_data(max_entries=256, show_spinner=False)
def _levelling(folder: Path, age: int, name: str, gap: str, _point: Point) -> Levelling | None:
    return _open(folder, age).levelling(_point, gap)


@st.cache_resource(max_entries=8, show_spinner=inside.LOADING)
def _gallery(folder: Path, age: int, key: str) -> Gallery | None:
    result = _open(folder, age)
    return result.gallery(next(curve for curve in result.curves if curve.key == key))
