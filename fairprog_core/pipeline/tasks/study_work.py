"""`StudyWork`: what a process needs to compute the tasks of a study, and how each is computed."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, cast

from fairprog_core.common.home import Home
from fairprog_core.common.process import memory
from fairprog_core.common.records import CurveInTraining
from fairprog_core.common.registry import load
from fairprog_core.explain import REPORTS
from fairprog_core.explain.base import Step
from fairprog_core.explain.conditions import Rival
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.pipeline.jobs.transfer import TransferJob
from fairprog_core.pipeline.tasks.task import Advance, Task
from fairprog_core.results.gallery_file import Gallery, write_gallery
from fairprog_core.study.cost import is_explained
from fairprog_core.study.plan import CurvePlan
from fairprog_core.triggers.base import load_trigger

RECORDS_BETWEEN = 10  # training steps between two advances that count, as every one is written to the run table


class StudyWork:
    """The jobs of a study whose data and base are there.

    Args:
        context: of the study; its ``base`` may be filled until the first curve is evaluated.
        home: the home that holds the bases.

    Attributes:
        jobs: of the curves, in the order of the plan.
        targets: the other bases.
    """

    def __init__(self, context: StudyContext, home: Home) -> None:
        self.context, study = context, context.study
        self.jobs = [CurveJob(context, plan) for plan in study.plan()]
        self.targets = [TransferJob(context, study.on(other), study.name_of(other), home) for other in study.transfer]

    @cached_property
    def tasks(self) -> list[Task]:
        """Every task, those that others need first: curves, other bases and transfers, explanations."""
        curves = {job.plan.key: Task("curve", job.plan.key) for job in self.jobs}
        tasks = list(curves.values())
        for target in self.targets:
            base = Task("other_base", base=target.name)
            needs = {key: frozenset({base, curves[key]}) for key in self._with_trigger}
            tasks += [base, *(Task("transfer", key, target.name, needs[key]) for key in needs)]
        for job in self._explained:
            rivals = (curves[other.plan.key] for other in self.jobs if other.plan.is_rival_of(job.plan))
            tasks.append(Task("explanation", job.plan.key, needs=frozenset({curves[job.plan.key], *rivals})))
        return tasks

    @cached_property
    def _with_trigger(self) -> list[str]:
        """Keys of the curves that are evaluated on other bases."""
        return [job.plan.key for job in self.jobs if job.plan.method.uses_trigger]

    @cached_property
    def _explained(self) -> list[CurveJob]:
        return [job for job in self.jobs if is_explained(self.context.study, job.plan)]

    @cached_property
    def _by_key(self) -> dict[str, CurveJob]:
        return {job.plan.key: job for job in self.jobs}

    def is_finished(self, task: Task) -> bool:
        """Whether an earlier attempt has finished a task, so that it takes no time to compute it again."""
        if task.kind == "other_base":
            return self._target(task).copy.exists()
        if task.kind == "transfer":
            return self._target(task).is_finished(self._by_key[task.curve])
        done = self._by_key[task.curve].read()
        return done is not None and (task.kind == "curve" or bool(done.curve.explain))

    def files_of(self, task: Task) -> list[Path]:
        """The folders in the run folder that a task reads and writes, besides that of the base."""
        involved = [task, *task.needs]
        curves = {self._by_key[each.curve].folder for each in involved if each.curve}
        return sorted(curves | {self._target(each).folder for each in involved if each.base})

    def compute(self, task: Task) -> Generator[Advance]:
        """Compute a task; parts that are finished in the run folder are not computed again.

        Yields:
            How far it is. After the last advance of a curve's training, and before it goes on, the base's predictions
            have to be in the context.
        """
        if task.kind == "other_base":
            yield from _timed("base", self._other_base(self._target(task)))
        elif task.kind == "transfer":
            yield from _timed("evaluation", self._transfer(self._target(task), self._by_key[task.curve]))
        elif task.kind == "explanation":
            yield from _timed("explain", self._explanation(self._by_key[task.curve]))
        else:
            job = self._by_key[task.curve]
            yield from _timed("triggers", self._learning(job))
            yield Advance("triggers", 1.0, None, 0.0)
            memory.return_freed()
            yield from _timed("evaluation", self._evaluation(job))
        memory.return_freed()  # several processes are at work, and seldom need most at the same time

    def _target(self, task: Task) -> TransferJob:
        return next(target for target in self.targets if target.name == task.base)

    def _label(self, job: CurveJob) -> str:
        return f"Curve {self.jobs.index(job) + 1} of {len(self.jobs)}: {label(job.plan)}"

    def _learning(self, job: CurveJob) -> Generator["_Part"]:
        doing = self._label(job)
        yield _Part(0.0, doing)
        with closing(cast(Generator[CurveInTraining], job.learn())) as records:
            for record in records:
                n_queries = record.get("queries")
                counts = record["kind"] == "validation" or record["step"] % RECORDS_BETWEEN == 0 or n_queries
                said = f"{doing}, {n_queries:,} queries" if isinstance(n_queries, int) else doing
                yield _Part(record["step"] / record["steps"] if counts else None, said, record)

    def _evaluation(self, job: CurveJob) -> Generator["_Part"]:
        if job.read() is None:
            for share in job.evaluate():
                yield _Part(share, f"{self._label(job)}: test split")

    def _other_base(self, target: TransferJob) -> Generator["_Part"]:
        for share in target.prepare():
            yield _Part(share, f"Training another base: {target.name}")

    def _transfer(self, target: TransferJob, job: CurveJob) -> Generator["_Part"]:
        for share in target.evaluate(job):
            yield _Part(share, f"On {target.name}: {label(job.plan)}")

    def _explanation(self, job: CurveJob) -> Generator["_Part"]:
        done, number = job.read(), self._explained.index(job) + 1
        if done is None or done.curve.explain:
            return
        for step in self._explained_steps(job, done.curve.chosen_lam):
            if step.findings is not None:
                found = step.findings
                write_gallery(done.curve.gallery_file, Gallery(found.gallery, found.metadata))
                job.write(done.explained(found.explain, found.probe))
            yield _Part(step.fraction, f"Explanation {number} of {len(self._explained)}: {step.label}")

    def _explained_steps(self, job: CurveJob, chosen_lam: float) -> Iterator[Step]:
        """Explain one curve with the report for the data's modality."""
        context = self.context
        explanation_report = load(REPORTS[context.dataset.modality])
        trigger = load_trigger(job.method.file).to(context.device)
        steps: Iterator[Step] = explanation_report(
            context.dataset, context.classifier, trigger, job.plan.lam.grid, context.study.explain,
            device=context.device, seed=job.plan.seed, chosen_lam=chosen_lam, criterion=job.plan.criterion.kind,
            rivals=self._rivals_of(job.plan), patterns=context.dataset.groups.patterns.tolist(),
        )  # fmt: skip
        return steps

    def _rivals_of(self, plan: CurvePlan) -> list[Rival]:
        """The retrained classifiers that are explained together with a trigger's curve."""
        rivals = (job.rival() for job in self.jobs if job.plan.is_rival_of(plan))
        return [rival for rival in rivals if rival is not None]


class _Part(NamedTuple):
    """What a task has done; see `Advance`."""

    share: float | None
    label: str
    record: CurveInTraining | None = None


def _timed(stage: str, parts: Generator[_Part]) -> Generator[Advance]:
    """The advances, with the seconds that each took; those of whoever reads them do not count."""
    with closing(parts):
        begun = time.perf_counter()
        for part in parts:
            yield Advance(stage, part.share, part.label, time.perf_counter() - begun, part.record)
            begun = time.perf_counter()
        yield Advance(stage, None, None, time.perf_counter() - begun)


def label(plan: CurvePlan) -> str:
    """A curve in words."""
    name = (plan.trigger_name or plan.method.kind).replace("_", " ")
    part = "" if plan.tuning_ratio in (None, 1.0) else f", {plan.tuning_ratio:.3g} of the tuning data"
    return f"{name}, {plan.criterion.kind.replace('_', ' ')}{part}, seed {plan.seed}"
