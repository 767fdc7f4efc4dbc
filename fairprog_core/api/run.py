"""``fp.run``: runs a study in this process. The run is a row in the home's run table, like any other."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.pipeline.tasks.cluster.address import check_address
from fairprog_core.results.result import Result
from fairprog_core.runs import Owner, Store
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.study import Study
from fairprog_core.study.check_limits import check_limits
from fairprog_core.study.load import load_study


def run(
    study: Study | str | Path,
    *,
    overrides: Iterable[str] = (),
    home: Home | str | Path | None = None,
    progress: Callable[[Record], None] | None = None,
    jobs: int | None = None,
    on: str | None = None,
) -> Result:
    """Run a study in this process, and in helpers of it; the dashboard shows its progress.

    Args:
        study: a Study, a preset's name, or the path of a TOML or JSON file.
        overrides: ``key.path=value`` each, e.g. ``"budget.steps=100"``.
        home: the home that keeps the run; None: ``FAIRPROG_HOME``, else the platform's data folder.
        progress: called with every record: stages, losses, validation curves.
        jobs: curves that are computed at once, each in a process; None: as many as cores and memory are enough for.
            The numbers do not depend on it.
        on: "ray" or "ray://host:port": the cluster whose nodes compute the curves; None: this machine.

    Raises:
        ConfigError: the preset or file does not exist, a value is not allowed, or the cluster does not answer.
        RunError: the run failed or was cancelled; the message says why. Finished parts are kept.
    """
    chosen = load_study(study, overrides)
    check_limits(chosen)
    check_address(on)
    from fairprog_core.pipeline.execute import execute  # imports torch

    store = Store(home)
    try:
        begun = store.begin(chosen, Owner.this_process())
        for record in record_run(store, begun, partial(execute, jobs=jobs, on=on), StopRequest("cancelled")):
            if progress:
                progress(record)
        ended = store.get(begun.id)
    finally:
        store.close()
    if ended.state != "done":
        raise RunError(
            ended.error or f"Run {ended.id} is {ended.state}; `fairprog runs resume {ended.id}` continues it."
        )
    return Result.open(store.home.run(ended.id))
