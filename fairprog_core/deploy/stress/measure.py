"""Measures every trigger of a run on test rows that go through every change; a generator of progress.

Pictures are changed after the trigger was put on, as a photo with a printed border is. Of texts the trigger's words
stay as they are. The base without a trigger and the control go through the same changes, on the same rows.
"""

import time
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.common.home import Home
from fairprog_core.common.types import Predictions
from fairprog_core.data import modality_of
from fairprog_core.data.base import Split
from fairprog_core.deploy.stress.answers import ChangedInput, answers, changed_texts
from fairprog_core.deploy.stress.calibration import calibrate
from fairprog_core.deploy.stress.changes import PICTURE_CHANGES, TEXT_CHANGES, PictureChange
from fairprog_core.deploy.stress.figures import PairedMeasure
from fairprog_core.deploy.stress.subject import StressedTrigger, StressProgress, StressSubject, open_subject
from fairprog_core.pipeline.jobs.environment import choose_device, describe, deterministic
from fairprog_core.pipeline.stress.stress_result import (
    UNCHANGED,
    StressedCurve,
    StressFigures,
    StressResult,
    StressRow,
)
from fairprog_core.results.result import Result
from fairprog_core.triggers.fixed import FixedTrigger

SEED = 0


class _Inputs(NamedTuple):
    """The rows after one change: prepared, which are read differently (None: all), what happens after a trigger."""

    title: str
    split: Split
    rows: NDArray[np.int64] | None
    after: PictureChange | None


@dataclass(frozen=True)
class _Triple:
    """Predictions by base, trigger and control of the same rows."""

    base: Predictions
    trigger: Predictions
    control: Predictions


def measure_stress(
    result: Result, *, home: Home, curve: str = "", lam: float | None = None, rows: int | None = None,
    changes: Sequence[str] = (), device: str | None = None, seed: int = SEED,
) -> Generator[StressProgress, None, StressResult]:  # fmt: skip
    """Measure the triggers of a run after every change of their inputs.

    Args:
        result: of the run.
        home: with the cache of data.
        curve: key of a curve, or a part of keys; empty: every trigger.
        lam: λ; None: the chosen one of every curve.
        rows: number of test rows, at least 1; None: all.
        changes: keys of `PICTURE_CHANGES` or `TEXT_CHANGES`; empty: all that suit the data.
        device: auto, cpu, cuda or mps; None: as the study says.
        seed: of the drawn rows, the typos and the noise.

    Raises:
        ConfigError: an argument is not valid, the run is not finished, or its classifier is a black box.
        FairprogError: data, classifier or triggers cannot be opened.
    """
    if not result.is_complete:
        raise ConfigError(f"The run in {shorten(result.folder)} is not finished; wait for it, or resume it.")
    if rows is not None and rows < 1:
        raise ConfigError(f"rows is {rows}; give at least 1, or none for all test rows.")
    known = changes_of(result)
    if unknown := [key for key in changes if key not in known]:
        raise ConfigError(f"There is no change {shown(unknown[0])} of such data; changes are {', '.join(known)}.")
    started = time.perf_counter()
    on = choose_device(device or str(result.study.get("device", "auto")))
    subject = yield from open_subject(
        result, home=home, curve=curve, lam=lam, rows=rows, seed=seed, device=on
    )  # fmt: skip
    with deterministic(on):
        curves = yield from _Measurement(subject, [key for key in known if not changes or key in changes], seed).run()
    return StressResult(
        name=subject.study.name, modality=subject.dataset.modality, n=len(subject.rows), n_test=subject.n_test,
        seed=seed, curves=curves, versions=_versions(on), seconds=time.perf_counter() - started,
    )  # fmt: skip


def changes_of(result: Result) -> Collection[str]:
    """Keys of the changes that suit the data of a run."""
    return PICTURE_CHANGES if modality_of(result.study.get("dataset")) == "image" else TEXT_CHANGES


def _versions(device: torch.device) -> dict[str, str]:
    versions = describe(device)["versions"]
    return {str(name): str(each) for name, each in versions.items()} if isinstance(versions, dict) else {}


class _Measurement:
    """Predictions of one subject: what several curves share is computed once."""

    def __init__(self, subject: StressSubject, changes: Sequence[str], seed: int) -> None:
        self.subject, self.seed = subject, seed
        self.inputs = self._changed_inputs(changes)
        self.figures_of_base: dict[tuple[str, str], StressFigures] = {}
        self.base = subject.stored(subject.result.base)
        n_controls = len({each.shared for each in subject.triggers})
        per_change = 1 + len(subject.triggers) + n_controls
        n = len(subject.rows)
        self.todo = per_change * sum(n if each.rows is None else len(each.rows) for each in self.inputs.values())
        self.done = 0

    def _changed_inputs(self, changes: Sequence[str]) -> dict[str, _Inputs]:
        """The rows after every change; pictures are changed later, when they carry a trigger."""
        subject = self.subject
        if subject.dataset.modality == "image":
            pictures = {key: PICTURE_CHANGES[key] for key in changes}
            return {key: _Inputs(each.title, subject.prepared, None, each) for key, each in pictures.items()}
        found = {}
        for key in changes:
            change = TEXT_CHANGES[key]
            split, rows = changed_texts(
                subject.classifier, subject.split, subject.prepared, change, seed=self.seed
            )  # fmt: skip
            found[key] = _Inputs(change.title, split, rows, None)
        return found

    def run(self) -> Generator[StressProgress, None, list[StressedCurve]]:
        """Every trigger after every change."""
        triggers = self.subject.triggers
        whole = _Inputs("as they are", self.subject.prepared, None, None)
        unchanged: list[_Triple] = []
        for each in triggers:
            trigger = self.subject.stored_trigger(each)
            if trigger is None:
                trigger = yield from self._answers(whole, each.trigger, None)
            control = self.subject.stored_control(each)
            if control is None:
                control = yield from self._answers(whole, each.control, None)
            unchanged.append(_Triple(self.base, trigger, control))
        rows = [[self._row(each, UNCHANGED, whole, triple)] for each, triple in zip(triggers, unchanged, strict=True)]
        for key, inputs in self.inputs.items():
            base = yield from self._answers(inputs, None, self.base)
            controls: dict[object, Predictions] = {}
            for each, before, own in zip(triggers, unchanged, rows, strict=True):
                trigger = yield from self._answers(inputs, each.trigger, before.trigger)
                if each.shared not in controls:
                    controls[each.shared] = yield from self._answers(inputs, each.control, before.control)
                own.append(self._row(each, key, inputs, _Triple(base, trigger, controls[each.shared])))
        groups = self.subject.dataset.groups
        of_base = calibrate(self.base, groups)
        return [
            StressedCurve(
                key=each.curve.key, trigger=each.curve.name, criterion=each.curve.criterion, gap=each.curve.gap,
                lam=each.trigger.lam, control=each.control_kind, rows=own,
                calibration={
                    "base": of_base, "trigger": calibrate(before.trigger, groups),
                    "control": calibrate(before.control, groups),
                },
                max_accuracy_loss=self._max_accuracy_loss(each.curve.criterion),
            )
            for each, before, own in zip(triggers, unchanged, rows, strict=True)
        ]  # fmt: skip

    def _max_accuracy_loss(self, criterion: str) -> float | None:
        study = self.subject.study
        return next((study.max_accuracy_loss(each) for each in study.criteria if each.kind == criterion), None)

    def _answers(
        self, inputs: _Inputs, trigger: FixedTrigger | None, known: Predictions | None
    ) -> Generator[StressProgress, None, Predictions]:
        """Predictions with a trigger (None: the base) after a change, of the rows that are read differently."""
        model = ChangedInput(self.subject.classifier, trigger, inputs.after, seed=self.seed)
        work = answers(model, inputs.split, inputs.rows, known)
        while True:
            yield StressProgress(inputs.title, min(self.done / max(self.todo, 1), 1.0))
            try:
                self.done += next(work)
            except StopIteration as ended:
                found: Predictions = ended.value
                return found

    def _row(self, stressed: StressedTrigger, key: str, inputs: _Inputs, found: _Triple) -> StressRow:
        """The figures after one change."""
        subject = self.subject
        measure = PairedMeasure(stressed.curve.gap, subject.dataset.groups, len(subject.dataset.labels), self.base)
        known = key, stressed.curve.gap
        if known not in self.figures_of_base:
            self.figures_of_base[known] = measure.figures(found.base, self.base)
        n = 0 if key == UNCHANGED else len(subject.rows) if inputs.rows is None else len(inputs.rows)
        return StressRow(
            change=key, title=inputs.title, n_changed=n, base=self.figures_of_base[known],
            trigger=measure.figures(found.trigger, found.base), control=measure.figures(found.control, found.base),
            beyond_control=measure.figures(found.trigger, found.control).gap_change,
        )  # fmt: skip
