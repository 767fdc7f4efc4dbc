"""Sentences of the page Runs."""

import time
from collections.abc import Iterable

from app.wording.shared import common

TITLE = "Runs"
LEAD = "Everything that was trained in this home, newest first. Training continues when you close the browser."
EMPTY = "Nothing was trained here yet. Start a small study and watch its curve grow."
TO_TRAIN = "Train a trigger"

COLUMNS = ("Study", "State", "Main figures, on test rows", "")
COMPARE = "Compare"
COMPARE_HELP = "Select at least two runs that have a finished curve."
OTHER_DATA = "The selected runs are on different data ({kinds}): Compare needs runs on the same data."
SELECT = "Select this run for comparison."
OPEN = "Open"
WATCH = "Watch"
CANCEL = "Cancel"
CANCELLING = "Cancelling …"
PIN, UNPIN = "Pin", "Unpin"
PIN_HELP = "A pinned run comes first in every list, and Compare shows it beside each run on the same data."
RESUME = "Resume"
REMOVE = "Remove"
SHOW_ALL = "Show all {n} runs"
PAGE = "Shown runs"

TAKE_IN = "Add a run of another machine: the zip that `fairprog runs export RUN` wrote there"
TAKEN_IN = "The run {run_id} was added. Addresses of its pages work here, too."

CONFIRM_TITLE = "Remove this run?"
CONFIRM = "This deletes “{name}” ({run_id}) from the disk for good, with its triggers, predictions and explanations."
CONFIRM_YES = "Remove for good"
CONFIRM_NO = "Keep it"

DAMAGED = "The result of this run cannot be read. {reason}"
NO_FIGURES = "No finished curve yet."


def other_data(kinds: Iterable[str]) -> str:
    """Runs on different data are selected, which cannot be compared."""
    return OTHER_DATA.format(kinds=", ".join(common.plain(common.kind(kind).lower()) for kind in kinds))


def when(created: float) -> str:
    """Date and time of the server, e.g. "2026-11-22 18:16"."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created))


def page(start: int, per_page: int, n: int) -> str:
    """Which runs a page of the table shows, e.g. "1 to 200 of 2,000"."""
    return f"{start + 1:,} to {min(start + per_page, n):,} of {n:,}"
