"""How things are called for a reader: registry keys, metrics, groups, curves. Torch-free."""

import re
from collections.abc import Iterable
from itertools import chain

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.registry import EntryOptions
from fairprog_core.data import DATASETS
from fairprog_core.methods import METHODS
from fairprog_core.metrics.summaries import reported
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

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

COLLAPSED = "collapsed"
USUAL, OTHER_METHOD = "reprogram", "{name} ({method})"
RIVAL = "{method}, λ\u00a0=\u00a0{lam}"
IS_COLLAPSED = "{name} (collapsed)"
CONTROLS = {
    "without": "without",
    "untrained": "untrained",
    "black": "black",
    "random_words": "random words",
    "neutral_words": "neutral words",
}


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


def curve_name(key: str, criterion: str, tuning_ratio: float | None = None, method: str = "") -> str:
    """A curve in a list, without its seed: "Border, equalized odds", "…, 5 % of the tuning data"."""
    return f"{learned_name(key, method)}, {kind(criterion).lower()}{share(tuning_ratio)}"


def learned_name(key: str, method: str) -> str:
    """A trigger, with the method if it is not the usual one: "Border (trigger learned by queries)".

    Args:
        key: the trigger; the method where there is no trigger.
        method: registry key; empty: not to be said.
    """
    if method in ("", key, USUAL):
        return kind(key)
    title = kind(method)
    return OTHER_METHOD.format(name=kind(key), method=title[:1].lower() + title[1:])


def share(tuning_ratio: float | None) -> str:
    """The end of a curve's name: ", 5 % of the tuning data"; empty if it was trained on all of it."""
    return "" if tuning_ratio is None or tuning_ratio == 1 else f", {100 * tuning_ratio:g} % of the tuning data"


def rival(method: str, value: float) -> str:
    """The name of a rival: "AdvIn, λ = 4"."""
    return RIVAL.format(method=kind(method), lam=lam(value))
