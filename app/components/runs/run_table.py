"""The runs of a home as a table: state, progress, main figures, and the buttons of each run."""

from collections.abc import Sequence

import streamlit as st

from app.components import weak_base
from app.components.runs import class_buttons, report_button
from app.models import records
from app.state import artifacts, pins, run_store, session
from app.widgets import confirm
from app.wording import runs as words
from app.wording import train as train_words
from app.wording.shared import common, public
from fairprog_core.results.result import StudyJson
from fairprog_core.runs import Run
from fairprog_core.study.settings import in_short

_WIDTHS = (2.4, 1.9, 3.7, 3.3)


def show(value: Sequence[Run], *, key: str) -> list[str]:
    """Draw the table.

    Returns:
        The ids of the runs that are selected for comparison, in the order of the table.
    """
    _heading()
    return [run.id for run in value if _row(run, key=f"{key}.{run.id}")]


def has_curve(run: Run) -> bool:
    """Whether a curve of this run is finished and its result is not damaged."""
    return (run_store.home().run(run.id) / "result.json").is_file() and artifacts.damage_of(run.id) is None


def _heading() -> None:
    with st.container(key="runs_heading"):
        for column, text in zip(st.columns(_WIDTHS), words.COLUMNS, strict=True):
            column.caption(text)


def _row(run: Run, *, key: str) -> bool:
    with st.container(key=f"run_row_{run.id}"):
        study, state, figures, actions = st.columns(_WIDTHS)
        with study, st.container(gap=None):
            chosen = _name(run, key)
            st.caption(f"{words.when(run.created)} · {run.id}")
            if changed := _changes(run.id, run.study):
                st.caption(common.plain(changed))
        with state, st.container(gap=None):
            _state(run)
        with figures:
            _figures(run)
        with actions, st.container(horizontal=True, horizontal_alignment="right"):
            _actions(run, key)
    return chosen


def _name(run: Run, key: str) -> bool:
    """Draw the run's name, with a box to select it where it has a finished curve; whether it is selected."""
    name = f"**{common.plain(run.name)}**"
    if has_curve(run):
        return st.checkbox(name, key=f"{key}.select", help=words.SELECT)
    st.markdown(name)
    return False


@st.cache_data(max_entries=1024, show_spinner=False)
def _changes(run_id: str, _study: StudyJson) -> str:
    """The settings that differ from the preset; cached by run, as a submitted study never changes."""
    return in_short(public.saved(_study))


def _name_of_state(run: Run) -> str:
    return train_words.IS_PAUSED if run.is_paused else common.STATES[run.state]


def _state(run: Run) -> None:
    if run.state == "running":
        left = (
            ""
            if run.seconds_left is None or run.is_paused
            else train_words.TIME_LEFT.format(time=common.seconds(run.seconds_left))
        )
        text = words.CANCELLING if run.is_cancelling else " · ".join(filter(None, (_name_of_state(run), left)))
        st.progress(min(max(run.fraction, 0.0), 1.0), text=text)
        return
    spent = "" if run.state == "queued" else common.seconds(run.seconds)
    st.markdown(" · ".join(filter(None, (_name_of_state(run), spent))))
    if run.state in ("queued", "failed") and run.error:
        st.caption(common.plain(run_store.failure(run)))
    if run.damage:
        st.caption(common.plain(run.damage))


def _figures(run: Run) -> None:
    rows = records.without_controls(run.figures)
    if reason := artifacts.damage_of(run.id):
        st.warning(words.DAMAGED.format(reason=common.plain(reason)))
    weak_base.show(run.figures)
    if not rows:
        st.caption(words.NO_FIGURES)
    for row in [row for row in rows if row["trigger"]] or rows:  # rivals are shown on Trade-off only
        st.markdown(train_words.chosen(row))


def _actions(run: Run, key: str) -> None:
    page = "views/tradeoff.py" if run.state == "done" else "views/train.py"
    if st.button(words.OPEN if run.is_over else words.WATCH, key=f"{key}.open"):
        st.switch_page(page, query_params={session.RUN: run.id})
    if has_curve(run) and (result := artifacts.read(run_store.home().run(run.id))):
        report_button.show({run.id: result}, key=f"{key}.report")
    class_buttons.show(run.id, key=key)
    if not run_store.may_change(run):
        return
    if not run.is_over and st.button(words.CANCEL, key=f"{key}.cancel", type="tertiary", disabled=run.is_cancelling):
        confirm.attempt(lambda: run_store.cancel(run.id))
    if run.can_resume and st.button(words.RESUME, key=f"{key}.resume", type="tertiary"):
        confirm.attempt(lambda: run_store.resume(run.id))
    if has_curve(run):
        is_pinned = pins.is_pinned(run.id)
        if st.button(words.UNPIN if is_pinned else words.PIN, key=f"{key}.pin", type="tertiary", help=words.PIN_HELP):
            pins.change(run.id)
            st.rerun()
    if run.state != "running" and st.button(words.REMOVE, key=f"{key}.remove", type="tertiary"):
        session.ask_removal(run.id)  # the page opens the dialog: this fragment would close it at its next redraw
        st.rerun(scope="app")
