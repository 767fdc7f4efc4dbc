"""What the page remembers: the only place that names session state and URL parameters.

A link shares what is in the URL; what is in the session survives a change of page, which
drops the query string. Each view asks here, and what it was told is put back into the URL.
"""

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:  # Start is drawn without SQLAlchemy and the options: a quarter of a second on the first visit
    pass

RUN = "run"  # URL and session: the id of the run that the pages speak about
WATCHED = "watched"  # session: the id of the run that the page Train shows
CURVE = "curve"  # the key of the curve that Trade-off, Saliency and Probe look at
LAM = "lam"  # and its λ
GAP = "gap"  # the metric on the horizontal axis of Trade-off
COMPARE = "with"  # further runs on Trade-off and Compare, separated by commas
CRITERION = "criterion"  # whose curves are compared
METHODS = "methods"  # the keys of the curves that are compared, without seeds, separated by commas
AGAINST = "against"  # the one of them that the others are compared with
BASE = "base"  # the other base whose curves are shown
FORM = "study"  # prefix of the keys of the form on the page Train

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def remembered(name: str) -> str | None:
    """The value of a URL parameter, else the session's; put back into the URL.

    Args:
        name: the parameter's name, a constant of this module.
    """
    value = st.query_params.get(name) or st.session_state.get(_key(name))
    if value:
        remember(name, value)
    return value


def remember(name: str, value: str | None) -> None:
    """Keep a value in the session and the URL; None forgets it."""
    if value is None:
        st.session_state.pop(_key(name), None)
        st.query_params.pop(name, None)
        return
    st.session_state[_key(name)] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def selected_run() -> str | None:
    """The id of the selected run, or None; a malformed id in the URL counts as none."""
    value = remembered(RUN)
    if value is not None and not _RUN_ID.fullmatch(value):
        remember(RUN, None)
        return None
    return value


def select_run(run_id: str | None) -> None:
    """Make this the run that every page speaks about."""
    remember(RUN, run_id)


def watch_none() -> None:
    """Have the page Train show its form, whatever still runs."""
    st.session_state.pop(_key(WATCHED), None)
    select_run(None)


def ask_removal(run_id: str | None) -> None:
    """Have the page ask whether this run should be removed; None: the answer was given."""
    st.session_state[_key("removal")] = run_id


def ask_text(text: str) -> None:
    """Have the page Saliency explain a text of one's own."""
    st.session_state[_key("text")] = text


def asked_text() -> str | None:
    """The text that is to be explained; it may be empty. None: nobody asked."""
    text: str | None = st.session_state.get(_key("text"))
    return text


def compared_runs() -> list[str]:
    """The ids of the runs that are compared, the selected one first."""
    others = (remembered(COMPARE) or "").split(",")
    found = [selected_run() or "", *(run for run in others if _RUN_ID.fullmatch(run))]
    return [run for run in dict.fromkeys(found) if run]


def compare_runs(first: str | None, others: Sequence[str]) -> None:
    """Select a run, and further ones that it is compared with."""
    select_run(first)
    remember(COMPARE, ",".join(run for run in others if run != first) or None)


def choose_methods(criterion: str, keys: Sequence[str], runs: Sequence[str]) -> None:
    """Remember the methods that are compared, and the runs that they were chosen from for this criterion."""
    remember(METHODS, ",".join(keys) or None)
    st.session_state[_key(f"{METHODS}.{criterion}")] = list(runs)


def chosen_methods(criterion: str, runs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The methods that were chosen, for any criterion, and the runs that they were chosen from for this one.

    A link does not say from which runs its methods were chosen: from all of ``runs``.
    """
    keys = (remembered(METHODS) or "").split(",")
    return keys, st.session_state.get(_key(f"{METHODS}.{criterion}"), list(runs))


def select(run: str, curve: str, lam: float | None) -> None:
    """Make this the run, curve and λ that are looked at, whatever the widgets on the screen say."""
    select_run(run)
    remember(CURVE, curve)
    remember(LAM, None if lam is None else f"{lam:g}")
    st.session_state[_key("moves")] = moves() + 1


def moves() -> int:
    """How often ``select`` was called: part of the keys of the widgets that it overrules."""
    return int(st.session_state.get(_key("moves"), 0))


def nearest_lam(lams: Sequence[float], otherwise: float | None) -> int:
    """The index of the remembered λ, or of the nearest one there is; else of ``otherwise``.

    Args:
        lams: ascending, at least one.
        otherwise: for example the λ chosen on validation.
    """
    try:
        wanted = float(remembered(LAM) or "nan")
    except ValueError:
        wanted = math.nan
    if math.isnan(wanted):
        wanted = otherwise or 0.0
    within = min(max(wanted, lams[0]), lams[-1])
    return min(range(len(lams)), key=lambda i: abs(lams[i] - within))


def _key(name: str) -> str:
    """Session keys are apart from widget keys, so that a bound widget may own the parameter."""
    return f"remembered.{name}"
