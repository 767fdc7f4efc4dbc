"""Runs studies in the foreground: begins or continues their runs, and shows the progress of each."""

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from fairprog_core.cli.terminal.console import complain, console, say, span, warn
from fairprog_core.common.errors import ConfigError, escaped, shorten
from fairprog_core.common.records import Record
from fairprog_core.runs.recorder import Execute, StopRequest, record_run
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import RESUMABLE, Owner, Run
from fairprog_core.study import Study
from fairprog_core.trackers import End
from fairprog_core.trackers.follow import Followers

if TYPE_CHECKING:
    from fairprog_core.pipeline.series.pool import PlacePool

LOG = "logs/run.log"


class Foreground:
    """Runs studies for somebody who waits for them.

    Args:
        store: of the runs.
        stop: stops all of them.
        log_to: trackers.
        jobs, on: as of `pipeline.execute.execute`.
    """

    def __init__(self, store: Store, stop: StopRequest, log_to: Sequence[str], *, jobs: int | None, on: str | None):
        self.store, self.stop, self.log_to, self.jobs, self.on = store, stop, log_to, jobs, on

    def run_study(self, study: Study) -> Run:
        """Run a study in this process; returns its run, which has ended.

        Raises:
            ConfigError: a tracker does not answer; the run has failed then.
        """
        with console().status("Loading torch …"):
            from fairprog_core.pipeline.execute import execute
        with Bars(names_them=False) as bars:
            return self._run(study, None, partial(execute, jobs=self.jobs, on=self.on), bars)

    def run_series(self, studies: Sequence[Study]) -> list[Run]:
        """Run the studies of a series that are not done, several at once where one leaves room for the next.

        Returns:
            The runs in the order of the series. After one that is not done, those are missing that had not begun.

        Raises:
            ConfigError: as of `run_study`.
            RunError: a run of one of the studies was begun, or removed, by somebody else meanwhile.
        """
        with console().status("Loading torch …"):
            from fairprog_core.pipeline.jobs.environment import choose_device
            from fairprog_core.pipeline.series.pool import PlacePool
            from fairprog_core.pipeline.tasks.how_many import n_places
        n = n_places(studies, device=choose_device("auto" if self.on else studies[0].device), most=self.jobs)
        ended: list[Run | Future[Run]] = []
        with (
            PlacePool(n, jobs=self.jobs, on=self.on) as pool,
            Bars(names_them=True) as bars,
            ThreadPoolExecutor(len(studies), "study") as threads,
        ):
            begun: dict[str, Future[Run]] = {}  # a series may name a study twice
            for study in studies:
                settings = json.dumps(study.to_json(), sort_keys=True)
                if (known := begun.get(settings) or self._done(study)) is not None:
                    ended.append(known)
                    continue
                if (place := pool.next_place()) is None:
                    break
                earlier = earlier_run(self.store, study)
                if earlier is not None and earlier.state == "done":  # meanwhile, from the dashboard
                    pool.forgo(place)
                    ended.append(earlier)
                    continue
                begun[settings] = threads.submit(self._run_in, pool, place, study, earlier, bars)
                ended.append(begun[settings])
        return [each.result() if isinstance(each, Future) else each for each in ended]

    def _done(self, study: Study) -> Run | None:
        """The newest run of exactly this study that is done."""
        run = earlier_run(self.store, study)
        return run if run is not None and run.state == "done" else None

    def _run_in(self, pool: "PlacePool", place: int, study: Study, earlier: Run | None, bars: "Bars") -> Run:
        """Run a study in a pool, which is closed unless the run comes to its end."""
        run = None
        try:
            # who cancels the run must not end this process: it leads other studies too
            run = self._run(study, earlier, partial(pool.execute, place=place), bars, may_be_ended=False)
        finally:
            if run is None or run.state != "done":
                pool.close()
        return run

    def _run(
        self, study: Study, earlier: Run | None, execute: Execute, bars: "Bars", *, may_be_ended: bool = True
    ) -> Run:
        """Run a study, or continue its earlier run."""
        owner = Owner.this_process()
        if earlier is not None:
            begun = self.store.take_over(earlier.id, owner, may_be_ended=may_be_ended)
        else:
            begun = self.store.begin(study, owner, may_be_ended=may_be_ended)
        with closing(record_run(self.store, begun, execute, self.stop, log_name=LOG)) as records:
            bars.show(self._followed(records, begun, study), study.name, begun.id)
        return self.store.get(begun.id)

    def _followed(self, records: Iterator[Record], begun: Run, study: Study) -> Iterator[Record]:
        """The records of a run that trackers follow."""
        try:
            followers = Followers(self.log_to, study, begun.id)
        except ConfigError as error:
            self.store.finish(begun, "failed", error=str(error))
            raise
        yield from followers.follow(records)
        state = self.store.get(begun.id).state
        end: End = "done" if state == "done" else "failed" if state == "failed" else "cancelled"
        yield from followers.close(end, self.store.home.run(begun.id))


def earlier_run(store: Store, study: Study) -> Run | None:
    """The newest finished run of exactly this study; else the newest one that can be resumed; else None."""
    runs = [run for run in store.list(name=study.name) if is_saved_as(run, study)]
    done, unfinished = ([run for run in runs if run.state in states] for states in (("done",), RESUMABLE))
    return next(iter(done + unfinished), None)


def is_saved_as(run: Run, study: Study) -> bool:
    """Whether a run has exactly this study, even if options were added to fairprog since it was saved."""
    try:
        return Study.parse(run.study) == study
    except ConfigError:  # saved by another version
        return False


class Bars:
    """Progress bars, one for each study at work; without a terminal, one line for everything that is begun.

    Args:
        names_them: whether what is said of a study begins with its name.
    """

    def __init__(self, *, names_them: bool) -> None:
        self.names_them = names_them
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=console(),
            disable=not sys.stdout.isatty(),
        )

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, records: Iterator[Record], name: str, run_id: str) -> None:
        """Read the records of a run to their end, and show how far it is.

        Args:
            records: of the run.
            name: of its study.
            run_id: of the run.
        """
        task = self._progress.add_task(f"{shorten(name)} ({run_id})", total=1.0, left="")
        prefix = f"{shorten(name)}: " if self.names_them else ""
        said = {""}
        for record in records:
            if record["kind"] == "warning":
                (warn if record["is_grave"] else complain)(prefix + record["text"])
            if record["kind"] != "stage":
                continue
            left = record.get("seconds_left")
            self._progress.update(
                task, completed=record["fraction"], description=prefix + escaped(record["label"]),
                left="" if left is None or record["fraction"] >= 1 else f"about {span(left)} left",
            )  # fmt: skip
            line = record["label"].split(":")[0]
            if self._progress.disable and line not in said:
                say(f"{record['fraction']:4.0%}  {prefix}{line}")
                said.add(line)
