"""How long the runs of this process have been going on, whatever happens to the clock of the machine meanwhile."""

import time

from fairprog_core.runs.table.run import Run

TOLERANCE = 1.0  # seconds that the clock may be corrected by, without a change of the run's start


class ClaimClock:
    """Measures the time since each claim by the monotonic clock, which nobody can set."""

    def __init__(self) -> None:
        self._claimed: dict[str | None, float] = {}

    def begin(self, run: Run) -> Run:
        """Remember when a run was claimed; returns the run."""
        self._claimed[run.token] = time.monotonic()
        return run

    def corrected(self, run: Run, now: float) -> dict[str, float]:
        """The columns of a run's row that a change of the clock made wrong: its start.

        Args:
            run: as it was claimed, or as its row is now.
            now: the time of the machine's clock.
        """
        claimed = self._claimed.get(run.token)
        if claimed is None or run.started is None:
            return {}
        started = now - (time.monotonic() - claimed)
        return {"started": started} if abs(started - run.started) > TOLERANCE else {}

    def end(self, run: Run) -> None:
        """Forget a run that has ended."""
        self._claimed.pop(run.token, None)
