"""Questions to the command line: answered in a process of its own, once per state of the files, and kept.

Reading hundreds of predictions files takes libraries that the page server does without.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.wording import cli_queries as words
from fairprog_core.common.errors import DataError
from fairprog_core.results.head_to_head import Candidate

_PATIENCE = 300.0  # seconds
_KEPT = 60.0  # seconds that a failure is kept: what was missing may be there again

Ages = tuple[tuple[str, Path, int], ...]


def ask(command: str, folders: Mapping[str, Path], *options: str) -> dict[str, Any]:
    """What ``fairprog runs <command> --json`` says; asked again when a result has changed.

    Args:
        command: "compare", for example.
        folders: artifact folders by the id of their run.
        options: of the command.

    Raises:
        DataError: the command refused or failed, or took too long.
    """
    ages = tuple((run, folder, (folder / "result.json").stat().st_mtime_ns) for run, folder in folders.items())
    found = _ask(command, ages, options)
    if time.time() - found.get("failed", time.time()) > _KEPT:
        _ask.clear(command, ages, options)
        found = _ask(command, ages, options)
    if "error" in found:
        raise DataError(found["error"])
    return found


@st.cache_data(max_entries=128, show_spinner=words.WORKING)
def _ask(command: str, ages: Ages, options: tuple[str, ...]) -> dict[str, Any]:
    line = [sys.executable, "-m", "fairprog_core", "runs", command, "--json"]
    line += [*(f"{run}={folder}" for run, folder, _ in ages), *options]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return {"error": words.TOO_LONG.format(minutes=f"{_PATIENCE / 60:g}"), "failed": time.time()}
    if done.returncode:
        return {"error": words.refused(done.stderr, done.returncode), "failed": time.time()}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def judge(value: Sequence[Candidate], *, against: int, seconds: float | None = None) -> dict[str, Any]:
    """See ``fairprog_core.results.head_to_head.head_to_head``; computed again when a result has changed.

    Args:
        value: at least one.
        against: index of the one that the others are compared with.
        seconds: of training that count at matched seconds.

    Raises:
        DataError: the studies tested other rows or another base, predictions are missing, or it took too long.
    """
    keys = [each.key for each in value]
    options = ["--criterion", str(value[0].curves[0].criterion), "--against", value[against].key]
    options += [part for key in keys for part in ("--curve", key)]
    options += [] if seconds is None else ["--seconds", str(seconds)]
    found = ask("compare", {each.run: each.result.folder for each in value}, *options)
    found["contenders"].sort(key=lambda each: keys.index(each["key"]))  # as they were chosen
    return found
