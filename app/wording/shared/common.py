"""Words and number formats that every page uses."""

import re
from collections.abc import Iterable
from itertools import chain

from app.wording.shared import neutral
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.registry import EntryOptions
from fairprog_core.data import DATASETS
from fairprog_core.methods import METHODS
from fairprog_core.metrics.summaries import reported
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

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

KINDS = {
    "faces-quick": "Drawn faces, quick",
    "faces-inside": "Drawn faces, explanations with a rival",
    "faces-tradeoff": "Drawn faces, all methods",
    "faces-tuning-data": "Drawn faces, less tuning data",
    "comments-inside": "Made-up comments, explanations with rivals",
    "comments-tradeoff": "Made-up comments, all methods",
    "comments-tuning-data": "Made-up comments, less tuning data",
    "comments-transfer": "Made-up comments, other base classifiers",
    "civil-comments-paper": "Civil Comments, as in the paper",
    "comments-quick": "Made-up comments, quick",
    "base": "Base classifier",
    "amortised": "One trigger for every λ",
    "separate": "One training per λ",
}
"""Screen names of presets and modes. An entry of a registry has its own: the ``title`` of its options class."""

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
NOT_ESTIMABLE = "not estimable"
BASE = "base"
COLLAPSED = "collapsed"
NO_RUN = "There is no run {run_id} in this home. Choose another run on the page Runs, or train one."


def kind(key: str) -> str:
    """The screen name of a registry key, e.g. ``"residual_net"`` -> "Small residual network"."""
    if key in KINDS:
        return KINDS[key]
    name, _, number_of_kind = key.partition("-")
    shown = KINDS.get(name) or _title(name) or _words(name)
    return f"{shown} {number_of_kind}".rstrip()


def _title(key: str) -> str:
    """The title of the registry entry with this key; empty if there is no such entry or it has no title."""
    entries = (registry[key].options for registry in (DATASETS, CLASSIFIERS, TRIGGERS, METHODS) if key in registry)
    found: Iterable[type[EntryOptions]] = chain(entries, [CRITERIA[key]] if key in CRITERIA else [])
    return next((options.title for options in found), "")


def metric(name: str) -> str:
    """The screen name of a metric, e.g. ``"accuracy"`` -> "Accuracy"; or its key if this version does not know it."""
    return reported().get(name) or _words(name)


def _words(key: str) -> str:
    """An unknown key as words; what no key holds, and could be markup somewhere, becomes a question mark."""
    return re.sub(r"[^\w -]", "?", key.replace("_", " ")).capitalize()


def group(name: str) -> str:
    """A group on the screen: "other_religions" -> "other religions"."""
    return name.replace("_", " ")


def lam(value: float) -> str:
    """λ for the screen: ``4.0`` -> "4", ``0.3`` -> "0.3"."""
    return f"{value:g}"


def number(value: float | None, digits: int = 3) -> str:
    """A figure for the screen; "not estimable" if it is None."""
    return NOT_ESTIMABLE if value is None else f"{value:.{digits}f}"


def seconds(value: float | None) -> str:
    """A duration for the screen: ``95.2`` -> "1 min 35 s"; empty when unknown."""
    if value is None:
        return ""
    minutes, rest = divmod(round(max(value, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


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
