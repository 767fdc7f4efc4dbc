"""Trackio: settings, metrics and files in the project ``fairprog``, or in that of ``TRACKIO_PROJECT``.

``TRACKIO_DIR`` says where on this machine; ``TRACKIO_SPACE_ID`` and ``TRACKIO_SERVER_URL`` lead elsewhere.
"""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import trackio

from fairprog_core.trackers import End


class TrackioTracker:
    """A run in Trackio; what it prints goes to stderr."""

    def __init__(self, *, name: str, run_id: str, settings: Mapping[str, str]) -> None:
        with contextlib.redirect_stdout(sys.stderr):
            self.run = trackio.init(
                os.environ.get("TRACKIO_PROJECT", "fairprog"), name=f"{name} {run_id}",
                config={**settings, "fairprog.run": run_id}, resume="allow", embed=False, auto_log_gpu=False,
                auto_log_cpu=False,
            )  # fmt: skip

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.run.log(dict(values), step=step)

    def flush(self) -> None:
        """Trackio sends by itself."""

    def keep(self, file: Path) -> None:
        with contextlib.redirect_stdout(sys.stderr):
            trackio.log_artifact(file, name=file.name, type="fairprog")

    def close(self, end: End) -> None:
        with contextlib.redirect_stdout(sys.stderr):
            if end != "done":
                trackio.alert(f"The run was {end}.")
            self.run.finish()  # type: ignore[no-untyped-call]
