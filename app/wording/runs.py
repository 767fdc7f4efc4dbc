"""Sentences of the page Runs."""

import time

TITLE = "Runs"
LEAD = "Everything that was trained in this home, newest first. Training continues when you close the browser."
EMPTY = "Nothing was trained here yet. Start a small study and watch its curve grow."
TO_TRAIN = "Train a trigger"

COLUMNS = ("Study", "State", "Main figures, on test rows", "")
COMPARE = "Compare"
COMPARE_HELP = "Select at least two runs that have a finished curve."
SELECT = "Select this run for comparison."
OPEN = "Open"
WATCH = "Watch"
CANCEL = "Cancel"
CANCELLING = "Cancelling …"
RESUME = "Resume"
REMOVE = "Remove"
SHOW_ALL = "Show all {n} runs"
PAGE = "Shown runs"

CONFIRM_TITLE = "Remove this run?"
CONFIRM = "This deletes “{name}” ({run_id}) from the disk for good, with its triggers, predictions and explanations."
CONFIRM_YES = "Remove for good"
CONFIRM_NO = "Keep it"

DAMAGED = "The result of this run cannot be read. {reason}"
NO_FIGURES = "No finished curve yet."


def when(created: float) -> str:
    """Date and time of the server, e.g. "2026-11-22 18:16"."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created))


def page(start: int, per_page: int, n: int) -> str:
    """Which runs a page of the table shows, e.g. "1 to 200 of 2,000"."""
    return f"{start + 1:,} to {min(start + per_page, n):,} of {n:,}"
