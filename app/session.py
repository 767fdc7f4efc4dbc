"""What the page remembers: the only place that names session state and URL parameters.

A link shares what is in the URL; what is in the session survives a change of page, which
drops the query string. Each view asks here, and what it was told is put back into the URL.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from fairprog_core.errors import RunError
from fairprog_core.home import Home, assets

if TYPE_CHECKING:  # Start is drawn without SQLAlchemy and the options: a quarter of a second on the first visit
    from fairprog_core.runs import Run, Store
    from fairprog_core.study import Study

RUN = "run"  # URL and session: the id of the run that the pages speak about
DEMO = "demo"  # the id of the shipped faces among the runs; further demos are "demo-comments" and so on
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


def home() -> Home:
    """The home of this server."""
    return Home.find()


def store() -> "Store":
    """The runs of this home; one for the whole server."""
    return _store(home().path)


def demos() -> dict[str, Path]:
    """The artifact folders of the shipped demos by their id among the runs, the faces first."""
    found = [file.parent for file in (assets() / "demo").glob("*/result.json")]
    folders = sorted(found, key=lambda folder: (folder.name != "faces", folder.name))
    return {DEMO if folder.name == "faces" else f"{DEMO}-{folder.name}": folder for folder in folders}


def is_demo(run_id: str) -> bool:
    """Whether this is the id of a demo, be it shipped or not."""
    return run_id.partition("-")[0] == DEMO


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


def find_run(run_id: str) -> "Run | None":
    """A run of this home as it stands now, or None."""
    try:
        return store().get(run_id)
    except RunError:
        return None


def watched_run() -> str | None:
    """The run that the page Train shows: the URL's; without one, the last that was watched, or the selected one.

    Without a link a run is shown only while it is not over. Other pages select what they can show, so the run that
    was watched last is remembered by itself.
    """
    if RUN in st.query_params:
        run_id = selected_run()
        if run_id is None or is_demo(run_id):
            return None
        st.session_state[_key(WATCHED)] = run_id
        return run_id
    for run_id in (st.session_state.get(_key(WATCHED)), st.session_state.get(_key(RUN))):
        run = find_run(run_id) if run_id and not is_demo(run_id) else None
        if run and not run.is_over:
            select_run(run.id)
            return run.id
    return None


def under_way() -> "list[Run]":
    """The newest runs that are not over, three at most."""
    return store().list(limit=3, is_active=True)


def watch_none() -> None:
    """Have the page Train show its form, whatever still runs."""
    st.session_state.pop(_key(WATCHED), None)
    select_run(None)


def warm_up() -> None:
    """See to it that a worker is there, so that a run starts at once."""
    from fairprog_core.runs import launcher

    launcher.ensure_workers(home())


def submit(study: "Study") -> str:
    """Put a study into the queue, see to it that a worker is there, and select the run."""
    run_id = store().submit(study)
    warm_up()
    select_run(run_id)
    return run_id


def cancel(run_id: str) -> None:
    """Cancel a run; where others wait, see to it that a worker is there, as this one's may have been ended.

    Raises:
        RunError: it is over already.
    """
    store().cancel(run_id, wait=True)
    if store().has_queued():
        warm_up()


def resume(run_id: str) -> None:
    """Put a run back into the queue and see to it that a worker is there.

    Raises:
        RunError: it cannot be resumed.
    """
    store().resume(run_id)
    warm_up()


def remove(run_id: str) -> None:
    """Delete a run, and forget it where it is selected.

    Raises:
        RunError: it is running, or there is none.
    """
    store().remove(run_id)
    if st.session_state.get(_key(RUN)) == run_id:
        select_run(None)


def ask_removal(run_id: str | None) -> None:
    """Have the page ask whether this run should be removed; None: the answer was given."""
    st.session_state[_key("removal")] = run_id


def asked_removal() -> "Run | None":
    """The run whose removal is being asked for."""
    run_id = st.session_state.get(_key("removal"))
    return find_run(run_id) if run_id else None


def folder_of(run_id: str) -> Path | None:
    """The artifact folder of a run or of a demo, or None where it is missing."""
    if is_demo(run_id):
        return demos().get(run_id)
    folder = home().run(run_id)
    return folder if folder.is_dir() else None


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


@st.cache_resource
def _store(path: Path) -> "Store":
    from fairprog_core.runs import Store

    return Store(Home(path))
