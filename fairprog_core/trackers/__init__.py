"""Trackers: a run that is followed in MLflow or Trackio too, from the same records that the run table gets.

A new tracker is one file and one line in `TRACKERS`.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol

from fairprog_core.common.errors import ConfigError, shorten, shown

End = Literal["done", "failed", "cancelled"]

TRACKERS = {"mlflow": "MlflowTracker", "trackio": "TrackioTracker"}
"""Per name, which is that of the module here and of the extra: the class."""


class Tracker(Protocol):
    """Where a run is logged to; every error of it is the tracker's own and may be of any type."""

    def __init__(self, *, name: str, run_id: str, settings: Mapping[str, str]) -> None:
        """Begin, see `open_tracker`."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Log finite numbers by name at a step; names hold letters, digits and ``_-. /`` only."""

    def flush(self) -> None:
        """Send what was logged."""

    def keep(self, file: Path) -> None:
        """Keep a copy of a file."""

    def close(self, end: End) -> None:
        """End the run."""


def check_trackers(kinds: Iterable[str]) -> None:
    """Refuse, before anything is begun, a tracker that cannot be used here.

    Raises:
        ConfigError: there is no such tracker, or its package is missing.
    """
    for kind in kinds:
        _implementation(kind)


def open_tracker(kind: str, *, name: str, run_id: str, settings: Mapping[str, str]) -> Tracker:
    """Begin to log a run, or go on with one that was logged under this id.

    Args:
        kind: of the tracker.
        name: of the study.
        run_id: of the run.
        settings: of the study, by dotted key.

    Raises:
        ConfigError: there is no such tracker, its package is missing, or it does not answer.
    """
    implementation = _implementation(kind)
    try:
        return implementation(name=name, run_id=run_id, settings=settings)
    except Exception as error:  # a tracker is another program, on another machine perhaps
        raise ConfigError(f"{kind} cannot be logged to: {shorten(str(error), 160)}; check its settings.") from error


def _implementation(kind: str) -> type[Tracker]:
    if kind not in TRACKERS:
        raise ConfigError(f"There is no tracker {shown(kind)}; trackers are {', '.join(TRACKERS)}.")
    try:
        found: type[Tracker] = getattr(import_module(f"{__name__}.{kind}"), TRACKERS[kind])
    except ImportError as error:
        raise ConfigError(f'--log {kind} needs a package ({error}): pip install "fairprog[{kind}]".') from error
    return found
