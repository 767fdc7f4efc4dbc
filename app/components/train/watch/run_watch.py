"""A run during and after training: its stages, its live charts, buttons to cancel and resume it, and its end.

The page only reads the store. While the run is active, the part below the heading is redrawn every second; when the
run ends, the whole page is redrawn once, and then no more.
"""

import threading

import streamlit as st

from app.components import weak_base
from app.components.train.watch import ending, run_charts, stages
from app.models import records
from app.models.records import RunProgress
from app.state import run_store, session
from app.widgets import confirm, page
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.runs import Run

SECONDS = 1.0  # between two reads of the store
SECONDS_AT_FIRST = 0.5  # until the trigger is seen
AT_FIRST = 15.0  # seconds of a run
SECONDS_CANCELLING = 0.4


def show(value: str, *, key: str) -> str:
    """Draw a run, or a warning that there is no such run.

    Args:
        value: the run's id.
        key: beginning of the widgets' keys.
    """
    run = run_store.find_run(value)
    if run is None:
        st.title(words.TITLE, anchor=False)
        st.warning(common.NO_RUN.format(run_id=common.plain(value)))
        _new(key)
        return value
    page.fragment(_draw, run_every=_seconds(run))(run.id, every=_seconds(run), key=key)
    return value


def _seconds(run: Run) -> float | None:
    """Seconds between two reads of a run; None: it is over, and read no more."""
    if run.is_over:
        return None
    if run.is_cancelling:
        return SECONDS_CANCELLING
    return SECONDS_AT_FIRST if run.seconds < AT_FIRST else SECONDS


def _draw(run_id: str, *, every: float | None, key: str) -> None:
    run = run_store.find_run(run_id)
    if run is None or _seconds(run) != every:
        st.rerun(scope="app")
    progress = _reader(run.id, run.attempt).up_to_date(run)
    with st.container():  # one container for elements that come and go, so that the charts below keep their place
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.head"):
            st.title(common.plain(run.name), anchor=False, width="stretch")
            _buttons(run, progress, key)
        stages.show((run, progress), key=f"{key}.stages")
        _state(run)
        for sentence, is_grave in progress.warnings.items():
            (st.error if is_grave else st.warning)(common.plain(sentence))
        if _is_measured(progress) and not run.is_over:
            st.caption(words.MEASURED)
        if run.state != "done":
            _summary(run)
    if run.state == "done":
        weak_base.show(run.figures)
        ending.show(run, progress, key=f"{key}.end")
        with st.expander(words.HOW):
            run_charts.show((run, progress), key=f"{key}.charts")
    else:
        run_charts.show((run, progress), key=f"{key}.charts")
    st.caption(words.SHARE if run.is_over else words.CONTINUES)


class _Reader:
    """Reads every record of a run once, for all visitors who watch it."""

    def __init__(self) -> None:
        self._progress = RunProgress()
        self._last_seq = 0
        self._lock = threading.Lock()

    def up_to_date(self, run: Run) -> RunProgress:
        """The progress of the run up to its newest record."""
        with self._lock:
            if run.last_seq > self._last_seq:
                is_resumed = run.attempt > 1  # a resumed run deletes records: read all of them again
                after = 0 if is_resumed else self._last_seq
                new = run_store.store().records(run.id, after=after)
                self._progress = records.gather(new, after=None if is_resumed else self._progress)
                self._last_seq = new[-1]["seq"] if new else run.last_seq
            return self._progress


@st.cache_resource(max_entries=256, show_spinner=False)  # more than a class has runs
def _reader(run_id: str, attempt: int) -> _Reader:
    return _Reader()


def _state(run: Run) -> None:
    """Say why a run does not go on, where it does not."""
    if run.state == "failed":
        st.error(words.FAILED.format(reason=common.plain(run_store.failure(run))))
    elif run.state == "lost":
        st.warning(words.LOST)
    elif run.state == "cancelled":
        st.info(words.PAUSED_FREE if run.is_paused else words.CANCELLED)
    elif run.state == "queued":
        run_store.warm_up()  # the worker that should have started it may have ended
        st.info(words.WAITING)
        if run.error:  # why no worker has begun it
            st.warning(common.plain(run.error))


def _buttons(run: Run, progress: RunProgress, key: str) -> None:
    ending.links(run, key=key, is_measured=_is_measured(progress))
    if run_store.may_change(run):
        _own_buttons(run, key)
    _new(key)


def _own_buttons(run: Run, key: str) -> None:
    """Draw what only the visitor may do who submitted the run."""
    if run.is_paused:
        if st.button(words.GO_ON, type="primary", key=f"{key}.go_on"):
            confirm.attempt(lambda: run_store.resume(run.id))
    elif run.can_resume:
        if st.button(words.RESUME, key=f"{key}.resume", help=words.RESUME_HELP):
            confirm.attempt(lambda: run_store.resume(run.id))
    elif (run.state == "running" and not run.is_cancelling) and st.button(
        words.PAUSE, key=f"{key}.pause", help=words.PAUSE_HELP
    ):
        confirm.attempt(lambda: run_store.pause(run.id))
    if not run.is_over:
        label = words.CANCELLING if run.is_cancelling else words.CANCEL
        if st.button(label, key=f"{key}.cancel", disabled=run.is_cancelling):
            confirm.attempt(lambda: run_store.cancel(run.id))


def _is_measured(progress: RunProgress) -> bool:
    """Whether every curve is measured, so that only looking inside is left."""
    return progress.shares.get("evaluation", 0.0) >= 1


def _new(key: str) -> None:
    if st.button(words.NEW, key=f"{key}.new"):
        session.watch_none()
        st.rerun(scope="app")


def _summary(run: Run) -> None:
    """Draw, per trigger or method and criterion, the test figures at the λ chosen on validation."""
    weak_base.show(run.figures)
    for row in records.without_controls(run.figures):
        st.markdown(words.chosen(row))
