"""Duels for the page Compare: computed once per choice in a process of their own, and kept.

Reading hundreds of predictions files takes libraries that the page server does without.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.wording import duel as words
from fairprog_core.duel import Contender
from fairprog_core.errors import DataError

_PATIENCE = 300.0  # seconds


def judge(value: Sequence[Contender], *, against: int, seconds: float | None = None) -> dict[str, Any]:
    """See ``fairprog_core.duel.duel``; computed again when a result has changed.

    Args:
        value: at least one.
        against: index of the one that the others are compared with.
        seconds: of training that count at matched seconds.

    Raises:
        DataError: the studies tested other rows or another base, predictions are missing, or it took too long.
    """
    folders = {each.run: each.result.folder for each in value}
    ages = tuple((run, folder, (folder / "result.json").stat().st_mtime_ns) for run, folder in folders.items())
    keys, criterion = tuple(each.key for each in value), str(value[0].curves[0]["criterion"])
    found = _judge(ages, keys, criterion, value[against].key, seconds)
    if "error" in found:
        raise DataError(found["error"])
    return found


@st.cache_data(max_entries=128, show_spinner=words.WORKING)
def _judge(
    ages: tuple[tuple[str, Path, int], ...], keys: tuple[str, ...], criterion: str, against: str, seconds: float | None
) -> dict[str, Any]:
    command = [sys.executable, "-m", "fairprog_core", "runs", "compare", "--json"]
    command += [f"{run}={folder}" for run, folder, _ in ages] + ["--criterion", criterion]
    command += [part for key in keys for part in ("--curve", key)] + ["--against", against]
    command += [] if seconds is None else ["--seconds", str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return {"error": words.TOO_LONG.format(minutes=f"{_PATIENCE / 60:g}")}
    if done.returncode:
        return {"error": words.refused(done.stderr, done.returncode)}
    found: dict[str, Any] = json.loads(done.stdout)
    found["contenders"].sort(key=lambda each: keys.index(each["key"]))  # as they were chosen
    return found
