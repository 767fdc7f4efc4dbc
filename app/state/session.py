"""The selections of a visitor: the only module that reads and writes session state and URL parameters.

A link shares the URL. A change of page drops the query string, but the session survives it; so every read here also
writes the value back into the URL.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

RUN = "run"  # URL and session: the id of the selected run
WATCHED = "watched"  # session: the id of the run that the page Train shows
CURVE = "curve"  # the key of the curve that Trade-off, Saliency and Probe show
LAM = "lam"  # the λ of that curve
GAP = "gap"  # the metric on the horizontal axis of Trade-off
COMPARE = "with"  # further runs on Trade-off and Compare, separated by commas
CRITERION = "criterion"  # of the compared curves
METHODS = "methods"  # the keys of the compared candidates, separated by commas
AGAINST = "against"  # the key of the candidate that the others are compared with
BASE = "base"  # the other base whose curves Compare shows
LESSON = "lesson"  # what a teacher's link sets, see presenters/lesson/plan.py
FORM = "study"  # prefix of the keys of the form on the page Train

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def remembered(name: str) -> str | None:
    """The value of a URL parameter, else the session's; also written back into the URL.

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
    """Select the run that every page shows."""
    remember(RUN, run_id)


def watch_none() -> None:
    """Let the page Train show its form, even while runs are active."""
    st.session_state.pop(_key(WATCHED), None)
    select_run(None)


def ask_removal(run_id: str | None) -> None:
    """Let the page ask to confirm the removal of a run; None closes the question."""
    st.session_state[_key("removal")] = run_id


def ask_text(text: str) -> None:
    """Let the page Saliency explain a text that the user entered."""
    st.session_state[_key("text")] = text


def asked_text() -> str | None:
    """The text to explain, possibly empty; None where the user asked for none."""
    text: str | None = st.session_state.get(_key("text"))
    return text


def claims() -> dict[str, Any]:
    """The claims to explanations by the key of their input; see ``explain_process``."""
    found: dict[str, Any] = st.session_state.setdefault(_key("claims"), {})
    return found


def leave_explanations() -> None:
    """Drop the explanations that this session waits for: it shows another page now."""
    for claim in st.session_state.get(_key("claims"), {}).values():
        if not claim.ticket.is_over:
            claim.cancel()


def compared_runs() -> list[str]:
    """The ids of the compared runs, the selected one first."""
    others = (remembered(COMPARE) or "").split(",")
    found = [selected_run() or "", *(run for run in others if _RUN_ID.fullmatch(run))]
    return [run for run in dict.fromkeys(found) if run]


def compare_runs(first: str | None, others: Sequence[str]) -> None:
    """Select a run, and the runs that it is compared with."""
    select_run(first)
    remember(COMPARE, ",".join(run for run in others if run != first) or None)


def choose_methods(criterion: str, keys: Sequence[str], runs: Sequence[str]) -> None:
    """Remember the compared candidates' keys and, for this criterion, the runs that they were chosen from."""
    remember(METHODS, ",".join(keys) or None)
    st.session_state[_key(f"{METHODS}.{criterion}")] = list(runs)


def chosen_methods(criterion: str, runs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The chosen candidates' keys for all criteria, and the runs that those of this criterion were chosen from.

    A link has no list of these runs; ``runs`` are taken then.
    """
    keys = (remembered(METHODS) or "").split(",")
    return keys, st.session_state.get(_key(f"{METHODS}.{criterion}"), list(runs))


def select(run: str, curve: str, lam: float | None) -> None:
    """Select a run, a curve and a λ, and overrule the widgets on the screen."""
    select_run(run)
    remember(CURVE, curve)
    remember(LAM, None if lam is None else f"{lam:g}")
    st.session_state[_key("moves")] = moves() + 1


def moves() -> int:
    """The number of calls of ``select``: part of the keys of the widgets that it overrules."""
    return int(st.session_state.get(_key("moves"), 0))


def nearest_lam(lams: Sequence[float], otherwise: float | None) -> int:
    """The index of the value in ``lams`` nearest to the remembered λ, or to ``otherwise`` where none is remembered.

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
    """The session key of a parameter; widgets use other keys, so the two never collide."""
    return f"remembered.{name}"
