"""The result that a RUN argument names: a run of this home, a shipped study, or a folder."""

from pathlib import Path

from fairprog_core.common.errors import ConfigError, RunError, shorten, shown
from fairprog_core.common.home import Home, is_file, path_problem, user_path
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT, shipped_runs
from fairprog_core.runs.store import Store


def open_result(argument: str, home: Path | None = None) -> tuple[str, Result]:
    """The name and the result of a RUN argument.

    Args:
        argument: in this order: NAME=FOLDER; a folder with a ``result.json``; the id of a shipped study, such as
            ``demo``; the number, id or beginning of the id of a run; the name of a study, if one run only has it.
        home: whose runs are meant; None: ``FAIRPROG_HOME``, else the default one. Opened only for a run of it.

    Raises:
        ConfigError: the folder after ``=`` has no result, or there is no home.
        RunError: no run matches (`UnknownRunError`), or more than one does.
        ArtifactError: the result is missing or damaged.
    """
    name, _, folder = argument.partition("=")
    if folder or path_problem(name) is None:
        path = user_path(folder or name)
        if is_file(path / RESULT):
            return name, Result.open(path)
    if folder:
        raise ConfigError(f"There is no result in {shorten(folder)}: {RESULT} is missing; give a run's folder.")
    if shipped := shipped_runs().get(name):
        return name, Result.open(shipped)
    with Store(Home.find(home)) as store:
        return name, Result.open(store.home.run(_find(store, name)))


def _find(store: Store, name: str) -> str:
    """The id of the run that is meant.

    Raises:
        RunError: no run matches, or more than one does.
    """
    try:
        return store.find(name).id
    except RunError:
        named = store.list(name=name)
        if not named:
            raise
    if len(named) > 1:
        ids = shorten(", ".join(run.id for run in named))
        raise RunError(f"{len(named)} runs are called {shown(name)}: {ids}; give the id of one.")
    return named[0].id
