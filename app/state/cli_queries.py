"""Queries that the command line answers in a process of its own; answers are cached per state of the files.

Reading hundreds of predictions files needs libraries that the page server does not import.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import streamlit as st
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from app.state import run_store
from app.wording import cli_queries as words
from app.wording.shared import public
from fairprog_core.common.errors import DataError
from fairprog_core.results.experiments import ExperimentRow
from fairprog_core.results.head_to_head import Candidate, ComparisonJson
from fairprog_core.study.settings import to_toml

if TYPE_CHECKING:
    from fairprog_core.data.table.report import TableReport
    from fairprog_core.study import Study

_TIMEOUT = 300.0  # seconds
_MOST_FOLDERS = 100  # in a folder of pictures, whose times are looked at
_RETRY_AFTER = 60.0  # seconds that a failure is cached: a missing file may be back later

Stamps = tuple[tuple[str, Path, int], ...]  # run, folder, modification time of its result
T = TypeVar("T")


class _Answer(NamedTuple):
    """The output of a command; or the reason and the time of its failure."""

    text: str = ""
    error: str = ""
    failed: float = 0.0


def ask(command: str, answer: TypeAdapter[T], folders: Mapping[str, Path], *options: str) -> T:
    """The output of ``fairprog runs <command> --json``; the command runs again when a result has changed.

    Args:
        command: "compare", for example.
        answer: the type of its output.
        folders: artifact folders by the id of their run.
        options: of the command.

    Raises:
        DataError: the command failed or took too long, or its output has another type.
    """
    stamps = tuple((run, folder, (folder / "result.json").stat().st_mtime_ns) for run, folder in folders.items())
    found = _ask(command, stamps, options)
    if found.error and time.monotonic() - found.failed > _RETRY_AFTER:
        _ask.clear(command, stamps, options)
        found = _ask(command, stamps, options)
    if found.error:
        raise DataError(found.error)
    try:
        return answer.validate_json(found.text)
    except ValidationError as error:
        raise DataError(words.FAILED.format(reason=str(error).splitlines()[0])) from error


def look(options: Mapping[str, Any]) -> "TableReport":
    """See ``fairprog_core.data.table.inspect.inspect``; looked at again when the table has changed.

    Args:
        options: of the table, as JSON values.

    Raises:
        DataError: the table cannot be read, or it took too long.
    """
    stamp = stamp_of(options.get("path")) + stamp_of(options.get("also"))
    given = json.dumps(options, sort_keys=True)
    found = _look(given, stamp)
    if found.error:
        _look.clear(given, stamp)
        raise DataError(public.text(found.error))
    return _table_report().validate_python(public.json_value(json.loads(found.text)))


def audit(path: Path, columns: Sequence[str]) -> dict[str, Any]:
    """The figures of ``fairprog audit`` of a file; computed again when the file has changed.

    Args:
        path: of the file.
        columns: the options of the command.

    Raises:
        DataError: the file cannot be audited, or it took too long.
    """
    asked = str(path), tuple(columns), stamp_of(path)
    return _figures(_audit(*asked), lambda: _audit.clear(*asked))


def first_look(study: "Study") -> dict[str, Any]:
    """The figures of ``fairprog audit`` of a study: how unequal its frozen base is on the validation rows.

    Raises:
        DataError: the base would have to be trained first, or the data or the base cannot be used.
    """
    text = to_toml(study)
    if text is None:
        raise DataError(words.NO_FILE)
    names = [getattr(study.dataset, name, "") for name in ("path", "also")]
    names += [getattr(study.classifier, name, "") for name in ("model", "weights")]
    asked = text, tuple(chain.from_iterable(map(stamp_of, names)))
    return _figures(_audit_study(*asked), lambda: _audit_study.clear(*asked))


def _figures(found: _Answer, forget: Callable[[], None]) -> dict[str, Any]:
    """What a command wrote as JSON; a failure is not remembered.

    Raises:
        DataError: the command failed.
    """
    if found.error:
        forget()
        raise DataError(public.text(found.error))
    return cast(dict[str, Any], public.json_value(json.loads(found.text)))


@st.cache_data(max_entries=32, show_spinner=words.AUDITING)
def _audit(path: str, options: tuple[str, ...], stamp: tuple[int, ...]) -> _Answer:
    return _audited(path, *options)


@st.cache_data(max_entries=32, show_spinner=words.AUDITING)
def _audit_study(text: str, stamp: tuple[int, ...]) -> _Answer:
    with tempfile.TemporaryDirectory(prefix="fairprog-") as folder:
        file = Path(folder) / "study.toml"
        file.write_text(text, "utf-8")
        return _audited(str(file), "--home", str(run_store.home().path))


def _audited(file: str, *options: str) -> _Answer:
    with tempfile.TemporaryDirectory(prefix="fairprog-") as folder:
        target = Path(folder) / "audit.json"
        done = _run([sys.executable, "-m", "fairprog_core", "audit", file, *options, "--json", str(target)])
        return done if done.error else _Answer(target.read_text("utf-8"))


def stamp_of(path: object) -> tuple[int, ...]:
    """What tells that a file has changed: its time and size, those of folders in it; empty where there is none."""
    if not path:
        return ()
    try:
        place = Path(str(path))
        status = place.stat()
        inside = [each.stat().st_mtime_ns for each in place.iterdir() if each.is_dir()] if place.is_dir() else []
    except (OSError, ValueError):
        return ()
    return status.st_mtime_ns, status.st_size, *inside[:_MOST_FOLDERS]


@st.cache_data(max_entries=64, show_spinner=words.LOOKING)
def _look(options: str, stamp: tuple[int, ...]) -> _Answer:
    line = [sys.executable, "-m", "fairprog_core", "data", "look", "-", "--json", "--home", str(run_store.home().path)]
    return _run(line, options)


@st.cache_data(max_entries=128, show_spinner=words.WORKING)
def _ask(command: str, stamps: Stamps, options: tuple[str, ...]) -> _Answer:
    line = [sys.executable, "-m", "fairprog_core", "runs", command, "--json"]
    return _run([*line, *(f"{run}={folder}" for run, folder, _ in stamps), *options])


def _run(line: list[str], given: str = "") -> _Answer:
    """What a command prints.

    Args:
        line: the command.
        given: what it reads from its standard input.
    """
    try:
        done = subprocess.run(line, input=given, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return _Answer(error=words.TOO_LONG.format(minutes=f"{_TIMEOUT / 60:g}"), failed=time.monotonic())
    if done.returncode:
        return _Answer(error=words.refused(done.stderr, done.returncode), failed=time.monotonic())
    return _Answer(done.stdout)


def tuning_rows(run: str, folder: Path) -> list[ExperimentRow]:
    """See ``fairprog_core.results.experiments.tuning_rows``; computed again when the result has changed.

    Args:
        run: its id.
        folder: of its artifacts.

    Raises:
        DataError: predictions are missing, or it took too long.
    """
    return ask("experiments", _experiments(), {run: folder})["tuning_data"]


def compare(value: Sequence[Candidate], *, against: int, seconds: float | None = None) -> ComparisonJson:
    """See ``fairprog_core.results.head_to_head.head_to_head``; computed again when a result has changed.

    Args:
        value: at least one candidate, all of one criterion.
        against: index of the candidate that the others are compared with.
        seconds: the training time within which curves count for the area in time.

    Raises:
        DataError: the studies tested other rows or another base, predictions are missing, or it took too long.
    """
    keys = [each.key for each in value]
    options = ["--criterion", value[0].curves[0].criterion, "--against", value[against].key]
    options += [part for key in keys for part in ("--curve", key)]
    options += [] if seconds is None else ["--seconds", str(seconds)]
    found = ask("compare", _comparison(), {each.run: each.result.folder for each in value}, *options)
    found["contenders"].sort(key=lambda each: keys.index(each["key"]))  # in the order of ``value``
    return found


class _Experiments(TypedDict):
    """The part of the output of ``fairprog runs experiments`` that the pages use."""

    tuning_data: list[ExperimentRow]


@cache
def _table_report() -> "TypeAdapter[TableReport]":
    from fairprog_core.data.table.report import TableReport

    return TypeAdapter(TableReport)


@cache
def _experiments() -> TypeAdapter[_Experiments]:
    return TypeAdapter(_Experiments)


@cache
def _comparison() -> TypeAdapter[ComparisonJson]:
    return TypeAdapter(ComparisonJson)
