"""The runs of this home: list, submit, cancel, resume, remove. The selected run is in ``session``."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import streamlit as st

from app.state import class_room, server_home
from app.state.session import RUN, WATCHED, _key, select_run, selected_run
from app.state.visitor import is_pupil, is_teacher, visitor
from app.wording.shared import public
from fairprog_core.common.errors import ConfigError, FairprogError, RunError
from fairprog_core.common.home import Home
from fairprog_core.common.limits import limits
from fairprog_core.common.sharing import sharing
from fairprog_core.results.run_folder import DEMO, shipped_runs

HAVE_A_BASE = ("faces-quick", "comments-quick")  # presets whose bases are shipped
SIGHT_SECONDS = 2.0  # for which the ids of the runs that a visitor sees are kept

if TYPE_CHECKING:  # Start is drawn without SQLAlchemy and the options: a quarter of a second on the first visit
    from fairprog_core.runs import Run, Store
    from fairprog_core.runs.table.rows import Sight
    from fairprog_core.study import Study
    from fairprog_core.study.cost import Sizes


def home() -> Home:
    """The home of this server; made if missing."""
    return server_home.home()


def store() -> "Store":
    """The run table of this home; one object for the whole server, until the home is replaced by another one."""
    path = home().path
    found = _store(path)
    if found.is_gone():
        _store.clear(path)
        found = _store(path)
    return found


def is_demo(run_id: str) -> bool:
    """Whether this id has the form of a demo's id; the demo need not exist."""
    return run_id.partition("-")[0] == DEMO


def find_run(run_id: str) -> "Run | None":
    """The current state of a run of this home; None where there is no such run, or this visitor may not see it."""
    try:
        run = store().get(run_id)
    except RunError:
        return None
    return run if may_see(run_id) else None


def watched_run() -> str | None:
    """The run on the page Train: the URL's run, else the last watched run, else the selected run.

    Without a run in the URL, the page shows a run only until it is over. The last watched run has a session key of its
    own, because other pages change the selected run.
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


def active_runs() -> "list[Run]":
    """The newest runs that are not over, three at most."""
    return store().list(limit=3, is_active=True, seen_by=_sight())


def are_all_over() -> bool:
    """Whether no run is queued or running; brings the states up to date."""
    return not store().list(limit=1, is_active=True, seen_by=_sight())


def runs(*, limit: int | None = None, skip: int = 0) -> "list[Run]":
    """The runs that this visitor sees, the newest first."""
    return store().list(limit=limit, skip=skip, seen_by=_sight())


def n_runs() -> int:
    """Number of the runs that this visitor sees."""
    return store().count(seen_by=_sight())


def n_active() -> int:
    """Number of queued and running runs of all visitors."""
    return store().count(is_active=True)


def visible_ids() -> frozenset[str] | None:
    """The ids of the runs of this home that this visitor sees; None: all of them."""
    sight = _sight()
    return None if sight is None else _ids(home().path, sight)


def may_see(run_id: str) -> bool:
    """Whether this visitor may see a run: in a class only own ones, and those that are shared with it."""
    return not is_pupil() or class_room.is_seen_by_all(run_id) or run_id in (visible_ids() or ())


def _sight() -> "Sight | None":
    """The runs that this visitor sees; None: all."""
    if not is_pupil():
        return None
    from fairprog_core.runs.table.rows import Sight

    return Sight(visitor_digest() or "", class_room.board().seen)


def warm_up() -> None:
    """Start a worker where none runs, so that a queued run starts at once."""
    from fairprog_core.runs import launcher

    launcher.ensure_workers(home())


def submit(study: "Study", *, sizes: "Sizes | None" = None) -> str:
    """Queue a study, start a worker where none runs, and select the run; its id.

    Args:
        study: the study.
        sizes: numbers of rows by split, where they were counted.

    Raises:
        ConfigError: it names what visitors of this shared server may not name, or exceeds a limit.
        RunError: the queue is full, or this visitor has too many runs.
    """
    sharing().check(study)
    if is_pupil():
        _check_budget(study, sizes)
    run_id = store().submit(study, visitor=visitor_digest())
    _ids.clear()
    warm_up()
    select_run(run_id)
    return run_id


def take_in(content: BinaryIO) -> str:
    """Add the run in an exported zip to this home; its id.

    Raises:
        ArtifactError: it is no such zip, or damaged.
        ConfigError: it names what visitors of this server may not name, or code.
        RunError: this home has the run already.
    """
    from fairprog_core.runs.exchange.take_in import import_run

    with tempfile.NamedTemporaryFile(prefix="fairprog-import-", suffix=".zip") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        return import_run(store(), Path(file.name))


def may_change(run: "Run") -> bool:
    """Whether this visitor may cancel, resume and remove a run: on a shared server only those of the same browser.

    The teacher of a class may change all.
    """
    return not sharing().is_shared or is_teacher() or run.visitor == visitor_digest()


def _check_budget(study: "Study", sizes: "Sizes | None") -> None:
    """Refuse a study that takes a class's machine for too long.

    Raises:
        ConfigError: it is expected to.
    """
    from fairprog_core.common.files.speed import read_speed
    from fairprog_core.study.cost import expected_seconds

    needed = expected_seconds(study, trains_base=_may_train_base(study), sizes=sizes, speed=read_speed(home()))
    minutes, now = sum(needed.values()) / 60, limits()
    if minutes > now.visitor_minutes:
        raise ConfigError(now.refusal("visitor_minutes", f"This study is expected to take {minutes:,.0f} minutes"))


def _may_train_base(study: "Study") -> bool:
    """Whether its base may have to be trained: none is shipped for data or a classifier that a visitor has changed."""
    from fairprog_core.study.load import load_study

    def base_of(other: "Study") -> tuple[object, ...]:
        return other.dataset, other.classifier, other.base_seed

    source = study.classifier.weights_from
    is_known = any(base_of(study) == base_of(load_study(preset)) for preset in HAVE_A_BASE)
    return source == "train" or (source == "auto" and not is_known)


def _check_own(run_id: str) -> None:
    run = find_run(run_id)
    if run is None:
        raise RunError(f"There is no run {run_id} that you may change; the page Runs shows yours.")
    if not may_change(run):
        raise RunError(
            f"Run {run_id} is another visitor's or the owner's; on a shared server only the browser that submitted a "
            "run may cancel, resume or remove it, and the owner on the command line."
        )


def cancel(run_id: str) -> None:
    """Cancel a run; where others are queued, start a worker, as cancelling may have ended the run's own.

    Raises:
        RunError: it is over already, or not this visitor's.
    """
    _check_own(run_id)
    store().cancel(run_id, wait=True)
    if store().has_queued():
        warm_up()


def pause(run_id: str) -> None:
    """Let a running run wait until it is resumed.

    Raises:
        RunError: it is not running, or not this visitor's.
    """
    _check_own(run_id)
    store().pause(run_id)


def resume(run_id: str) -> None:
    """Let a paused run go on, or queue a run again; start a worker where none runs.

    Raises:
        RunError: it cannot be resumed, is not this visitor's, the queue is full, or this visitor has too many runs.
        ConfigError: its study names what visitors of this shared server may not name.
    """
    _check_own(run_id)
    if sharing().is_shared and (run := find_run(run_id)):
        sharing().check(_study_of(run))
    store().resume(run_id, visitor=visitor_digest())
    _ids.clear()
    warm_up()


def remove(run_id: str) -> None:
    """Delete a run, and deselect it.

    Raises:
        RunError: it is running, not this visitor's, or there is no such run.
    """
    _check_own(run_id)
    store().remove(run_id)
    if st.session_state.get(_key(RUN)) == run_id:
        select_run(None)


def failure(run: "Run") -> str:
    """Why a run failed; on a shared server without what visitors must not learn."""
    error = run.error or ""
    if not sharing().is_shared:
        return error
    try:
        return public.reason(error, _study_of(run))
    except FairprogError:
        return public.reason(error, None)


def asked_removal() -> "Run | None":
    """The run whose removal the page asks to confirm; None where it asks nothing."""
    run_id = st.session_state.get(_key("removal"))
    return find_run(run_id) if run_id else None


def folder_of(run_id: str) -> Path | None:
    """The artifact folder of a run or of a demo; None where it is missing, or this visitor may not see it."""
    if is_demo(run_id):
        return shipped_runs().get(run_id)
    folder = home().run(run_id)
    return folder if folder.is_dir() and may_see(run_id) else None


def _study_of(run: "Run") -> "Study":
    from fairprog_core.study import Study

    return Study.parse(run.study, where=run.name)


def visitor_digest() -> str | None:
    """Under which name the runs of this browser are counted: a digest, so that no file holds its cookie.

    None: they are the owner's, as those of a teacher are.
    """
    return hashlib.sha256(visitor().encode()).hexdigest() if sharing().is_shared and not is_teacher() else None


@st.cache_resource(ttl=SIGHT_SECONDS, max_entries=256, show_spinner=False)
def _ids(path: Path, sight: "Sight") -> frozenset[str]:
    """A page asks for them a dozen times; what a visitor submits meanwhile clears the cache."""
    return store().ids(sight)


@st.cache_resource(on_release=lambda store: store.close())
def _store(path: Path) -> "Store":
    from fairprog_core.runs import Store

    return Store(Home(path))
