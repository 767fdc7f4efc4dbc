"""Questions to the command line: answered in a process of its own, once per state of the files, and kept.

Reading hundreds of predictions files takes libraries that the page server does without.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import streamlit as st
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from app.wording import cli_queries as words
from fairprog_core.common.errors import DataError
from fairprog_core.results.experiments import ExperimentRow
from fairprog_core.results.head_to_head import Candidate, ComparisonJson

_PATIENCE = 300.0  # seconds
_KEPT = 60.0  # seconds that a failure is kept: what was missing may be there again

Ages = tuple[tuple[str, Path, int], ...]
T = TypeVar("T")


class _Answer(NamedTuple):
    """What the command printed; or why it has no answer, and when that was."""

    text: str = ""
    error: str = ""
    failed: float = 0.0


def ask(command: str, answer: TypeAdapter[T], folders: Mapping[str, Path], *options: str) -> T:
    """What ``fairprog runs <command> --json`` says; asked again when a result has changed.

    Args:
        command: "compare", for example.
        answer: the type of what it prints.
        folders: artifact folders by the id of their run.
        options: of the command.

    Raises:
        DataError: the command refused or failed, or took too long.
    """
    ages = tuple((run, folder, (folder / "result.json").stat().st_mtime_ns) for run, folder in folders.items())
    found = _ask(command, ages, options)
    if found.error and time.time() - found.failed > _KEPT:
        _ask.clear(command, ages, options)
        found = _ask(command, ages, options)
    if found.error:
        raise DataError(found.error)
    try:
        return answer.validate_json(found.text)
    except ValidationError as error:
        raise DataError(words.FAILED.format(reason=str(error).splitlines()[0])) from error


@st.cache_data(max_entries=128, show_spinner=words.WORKING)
def _ask(command: str, ages: Ages, options: tuple[str, ...]) -> _Answer:
    line = [sys.executable, "-m", "fairprog_core", "runs", command, "--json"]
    line += [*(f"{run}={folder}" for run, folder, _ in ages), *options]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return _Answer(error=words.TOO_LONG.format(minutes=f"{_PATIENCE / 60:g}"), failed=time.time())
    if done.returncode:
        return _Answer(error=words.refused(done.stderr, done.returncode), failed=time.time())
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


def judge(value: Sequence[Candidate], *, against: int, seconds: float | None = None) -> ComparisonJson:
    """See ``fairprog_core.results.head_to_head.head_to_head``; computed again when a result has changed.

    Args:
        value: at least one.
        against: index of the one that the others are compared with.
        seconds: of training that count at matched seconds.

    Raises:
        DataError: the studies tested other rows or another base, predictions are missing, or it took too long.
    """
    keys = [each.key for each in value]
    options = ["--criterion", value[0].curves[0].criterion, "--against", value[against].key]
    options += [part for key in keys for part in ("--curve", key)]
    options += [] if seconds is None else ["--seconds", str(seconds)]
    found = ask("compare", _comparison(), {each.run: each.result.folder for each in value}, *options)
    found["contenders"].sort(key=lambda each: keys.index(each["key"]))  # as they were chosen
    return found


class _Experiments(TypedDict):
    """Of what ``fairprog runs experiments`` prints, the rows that have to be computed."""

    tuning_data: list[ExperimentRow]


@cache
def _experiments() -> TypeAdapter[_Experiments]:
    return TypeAdapter(_Experiments)


@cache
def _comparison() -> TypeAdapter[ComparisonJson]:
    return TypeAdapter(ComparisonJson)
