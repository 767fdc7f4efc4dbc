"""The runs of this home, and what can be done with them; what is selected is in ``session``."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.state.session import RUN, WATCHED, _key, select_run, selected_run
from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home, assets

if TYPE_CHECKING:  # Start is drawn without SQLAlchemy and the options: a quarter of a second on the first visit
    from fairprog_core.runs import Run, Store
    from fairprog_core.study import Study
DEMO = "demo"  # the id of the shipped faces among the runs; further demos are "demo-comments" and so on


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


@st.cache_resource
def _store(path: Path) -> "Store":
    from fairprog_core.runs import Store

    return Store(Home(path))
