"""`NodeWorker`: computes the tasks of one study on a node of a Ray cluster."""

import platform
import time
from collections.abc import Generator, Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from threadpoolctl import threadpool_limits

from fairprog_core.common.errors import ConfigError, FairprogError
from fairprog_core.common.home import Home
from fairprog_core.common.process import memory
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, SplitName
from fairprog_core.pipeline.jobs.environment import choose_device, describe, make_deterministic
from fairprog_core.pipeline.jobs.frozen_base import keep_base, train_base
from fairprog_core.pipeline.tasks.cluster.folder_copy import Files, FolderCopy
from fairprog_core.pipeline.tasks.crew import Finished, HelperAnswer
from fairprog_core.pipeline.tasks.helper import Order, device_of, error_to_send, open_order
from fairprog_core.pipeline.tasks.open_work import ALL_SPLITS, splits_of
from fairprog_core.pipeline.tasks.study_work import StudyWork
from fairprog_core.pipeline.tasks.task import Advance, Task
from fairprog_core.results.run_folder import base_file
from fairprog_core.study import Study

PARCEL_SECONDS = 0.25  # of computing before its advances are sent: more often than a page is drawn again
SAME_EVERYWHERE = ("fairprog", "torch")  # packages whose versions the numbers depend on


class Parcel(NamedTuple):
    """What a node sends.

    Attributes:
        answers: the advances since the last parcel; at the end of a task "finished".
        files: that were written meanwhile.
        device: that the node computes on, in words.
    """

    answers: list[HelperAnswer]
    files: Files
    device: str


class NodeWorker:
    """Computes tasks, one at a time; an actor of Ray. Data and models are made once per node, in the node's own home.

    Args:
        order: what it has to know of the run; home and folder are those of the machine that leads.
        base: the files of the base, and its predictions.
        versions: of `SAME_EVERYWHERE` on the machine that leads.
    """

    def __init__(self, order: Order, base: Files, versions: dict[str, str]) -> None:
        self.versions, self.study = versions, Study.parse(order.study)
        self._scratch = TemporaryDirectory(prefix="fairprog-")
        folder = Path(self._scratch.name) / order.folder.name  # files name the run by its folder
        self.order = replace(order, home=Home.find().path, folder=folder)
        self.copy = FolderCopy(folder)
        self.copy.write(base)
        self.work: StudyWork | None = None
        self.device = ""
        self._advances: Generator[Advance] | None = None
        memory.keep_freed()
        torch.set_num_threads(order.threads)
        threadpool_limits(order.threads, user_api="blas")

    def begin(self, task: Task, files: Files) -> Parcel:
        """Begin a task, and say so; ``files``: of it and of what it needs, as far as they are not here."""
        self.copy.write(files)
        self._advances = self._compute(task)
        return self._parcel([])

    def go_on(self) -> Parcel:
        """Compute until it is worth saying so, or until the task is finished."""
        answers: list[HelperAnswer] = []
        begun = time.monotonic()
        assert self._advances is not None
        try:
            for advance in self._advances:
                answers.append(advance)
                if time.monotonic() - begun >= PARCEL_SECONDS:
                    return self._parcel(answers)
        except Exception as error:  # noqa: BLE001  # whatever it is, the process that leads raises it
            answers.append(Finished(self._said(error_to_send(error, self.order.home))))
        else:
            answers.append(Finished())
        self._advances = None
        return self._parcel(answers)

    def stop(self) -> Parcel:
        """Stop the task; a training writes its checkpoint."""
        if self._advances is not None:
            self._advances.close()
        parcel = self._parcel([])
        self._scratch.cleanup()
        return parcel

    def _parcel(self, answers: list[HelperAnswer]) -> Parcel:
        return Parcel(answers, self.copy.news(), self.device)

    def _compute(self, task: Task) -> Generator[Advance]:
        if task.kind == "base":
            yield from self._train_base()
            return
        if self.work is None:
            yield from self._prepare(splits_of(self.study.plan()))
            self.work = open_order(self.order, device_of(self.order))
        yield from self.work.compute(task)

    def _train_base(self) -> Generator[Advance]:
        """Train the base, unless this node has it, and keep it in the run folder."""
        dataset = yield from self._prepare(ALL_SPLITS)
        device, home = choose_device(self.study.device), Home(self.order.home)
        make_deterministic(device)
        for found in train_base(self.study, dataset, home, device=device):
            share, record = (found, None) if isinstance(found, float) else (None, found)
            yield Advance("base", share, None, 0.0, record)
        keep_base(base_file(self.order.folder), self.study, dataset, home)

    def _prepare(self, splits: Iterable[SplitName]) -> Generator[Advance, None, Dataset]:
        """Make the data, unless this node has them; returns the data set.

        Raises:
            ConfigError: packages have other versions here.
        """
        for package, expected in self.versions.items():
            if (found := version(package)) != expected:
                raise ConfigError(
                    f"It has {package} {found}, and the machine that leads has {expected}; install the same versions "
                    "on all of them."
                )
        self.device = str(describe(choose_device(self.study.device))["device"])
        dataset: Dataset = build(DATASETS, self.study.dataset, Home(self.order.home))
        for label in dataset.fetch():
            yield self._preparing(label)
        for done, total in dataset.read():
            yield self._preparing(f"Reading the data: {done:,} of {total:,} rows")
        for name in splits:
            for done, total in dataset.prepare_split(name):
                yield self._preparing(f"Preparing the {name} split: {done:,} of {total:,} rows")
        return dataset

    def _preparing(self, label: str) -> Advance:
        return Advance("triggers", 0.0, f"On {platform.node()}: {label}", 0.0)

    def _said(self, error: Exception) -> Exception:
        """The error; one of the input says on which node."""
        return type(error)(f"On {platform.node()}: {error}") if isinstance(error, FairprogError) else error
