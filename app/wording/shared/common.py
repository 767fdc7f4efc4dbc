"""Words and number formats that every page uses."""

from app.wording.shared import neutral
from fairprog_core.report.figures.names import COLLAPSED as COLLAPSED
from fairprog_core.report.figures.names import KINDS as KINDS
from fairprog_core.report.figures.names import group as group
from fairprog_core.report.figures.names import kind as kind
from fairprog_core.report.figures.names import lam as lam
from fairprog_core.report.figures.names import metric as metric
from fairprog_core.report.figures.numbers import NOT_ESTIMABLE as NOT_ESTIMABLE
from fairprog_core.report.figures.numbers import number as number
from fairprog_core.report.figures.numbers import seconds as seconds

TITLE = "fairprog"

plain = neutral.in_markdown  # what most pages need of it

PAGES = {
    "start": "Start",
    "data": "Data",
    "train": "Train",
    "tradeoff": "Trade-off",
    "compare": "Compare",
    "saliency": "Saliency",
    "probe": "Probe",
    "runs": "Runs",
    "lesson": "Lesson",
}
"""The pages in the order of the navigation: file in ``app/views`` and title."""

STATES = {
    "queued": "Waiting",
    "running": "Running",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "lost": "Lost",
}
"""Screen names of the states of a run."""

LOADING = "Loading …"
EMPTY = "not set"  # placeholder of a field that may stay empty
NONE = "none"
BASE = "base"
NO_RUN = "There is no run {run_id} in this home. Choose another run on the page Runs, or train one."


def about(value: float) -> str:
    """A rough duration for the screen: ``52`` -> "50 s", ``130`` -> "2 minutes", ``5000`` -> "1.5 hours"."""
    if value < 55:
        return f"{max(round(value, -1), 10):.0f} s"
    if value < 3300:
        minutes = max(round(value / 60), 1)
        minutes = minutes if minutes < 12 else 5 * round(minutes / 5)
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = round(value / 1800) / 2
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def first_rows(shown: int, n: int) -> str:
    """The note below a table that is too long for a page."""
    return f"The first {shown:,} of {n:,} rows; the files and the command line have all of them."


def first_sentence(docstring: str | None) -> str | None:
    """The first line of a docstring, as help text."""
    return docstring.strip().splitlines()[0] if docstring and docstring.strip() else None
