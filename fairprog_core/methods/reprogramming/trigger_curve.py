"""A trigger for every λ: learned in one training, or in one per reported λ and joined."""

import time
from collections.abc import Generator, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict, predict_over
from fairprog_core.common.registry import build
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.base import Look, Method, Solution
from fairprog_core.methods.pseudo_labels import pseudo_labelled
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.methods.reprogramming.word_search import WordSearch
from fairprog_core.training.loop import Record
from fairprog_core.training.per_lam import fit_part, together
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger, load_trigger
from fairprog_core.triggers.hard import Hard


class Triggered(Solution):
    """A classifier behind a trigger."""

    def __init__(self, trigger: Trigger, classifier: Classifier, file: Path | None = None) -> None:
        self.trigger, self.classifier, self.file = trigger, classifier, file
        self.about = trigger.about
        self.n_parameters = trigger.n_parameters

    def predict(self, split: Split, lam: float) -> Predictions:
        return predict(self.trigger.wrap(self.classifier, lam=lam), split)

    def predict_each(self, split: Split, lams: Sequence[float]) -> list[Predictions]:
        return predict_over(self.trigger.wrap(self.classifier, lam=lams[0]), split, lams)

    def key(self, lam: float) -> Hashable:
        return self.trigger.key(lam)

    def with_trigger(self, trigger: Trigger) -> "Triggered":
        """The same with another trigger in its place."""
        return Triggered(trigger, self.classifier, self.file)

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"trigger": self.file} if self.file else {}


class TriggerCurve(Method):
    """Learns the trigger of one curve; the classifier stays as it is."""

    @property
    def file(self) -> Path:
        return self.task.folder / "trigger.safetensors"

    def open(self) -> Triggered:
        trigger = load_trigger(self.file).to(self.task.device).bound(self.task.classifier)
        return Triggered(trigger, self.task.classifier, self.file)

    def untrained(self, *knots: float) -> Trigger:
        """A trigger as it starts, with anchors at the given λ."""
        task = self.task
        trigger: Trigger = build(TRIGGERS, task.trigger, knots=knots, seed=task.seed, **task.classifier.medium)
        return trigger.bound(task.classifier)

    def learn(self, look: Look) -> Generator[Record, None, None]:
        if self.file.exists():
            return
        task = self.task
        if task.mode == "amortised":
            kind, lam = TRIGGERS[task.trigger.kind].load(), task.lam
            trigger = self.untrained(*kind.knots(task.trigger, low=lam.low, high=lam.high, grid=lam.grid))
            summary = yield from self._fit(trigger, look, "checkpoint", None, [])
        else:
            trigger, summary = yield from self._learn_separately(look)
        trigger.cpu().save(self.file, mode=task.mode, **summary, **task.about)
        for rest in [*task.folder.glob("checkpoint*.safetensors"), *task.folder.glob("lam-*.safetensors")]:
            rest.unlink()

    def _learn_separately(self, look: Look) -> Generator[Record, None, tuple[Trigger, Record]]:
        """One training per reported λ, each with the whole budget; joined into one trigger."""
        parts: list[Trigger] = []
        summaries: list[Record] = []
        for lam in self.task.lam.grid:
            done = self.task.folder / f"lam-{lam:g}.safetensors"
            if done.exists():
                parts.append(load_trigger(done))
                summaries.append(parts[-1].about["summary"])
                continue
            trigger = self.untrained(lam)
            summary = yield from self._fit(trigger, look, f"checkpoint-{lam:g}", lam, summaries)
            trigger.cpu().save(done, summary=summary)
            parts.append(trigger)
            summaries.append(summary)
        whole = type(parts[0]).merged(parts).to(self.task.device).bound(self.task.classifier)
        return whole, together(summaries)

    def _fit(
        self, trigger: Trigger, look: Look, checkpoint: str, lam: float | None, before: list[Record]
    ) -> Generator[Record, None, Record]:
        """Train one trigger; yields its records, returns steps, seconds, best_step and validation."""
        task = self.task
        learned = learner(
            self.options, classifier=task.classifier, trigger=trigger, criterion=task.criterion, groups=task.groups,
            split=task.split, steps=self.steps, seed=task.seed, lam=lam, device=task.device,
            identity_words=task.identity_words,
        )  # fmt: skip
        solution, done = Triggered(trigger, task.classifier), before[-1]["validation"] if before else {}
        lams = task.lam.grid if lam is None else (lam,)
        summary = yield from fit_part(
            learned, self.budget, validate=lambda: look(solution, lams, done),
            checkpoint=task.folder / f"{checkpoint}.safetensors",
            done=len(before), in_all=1 if lam is None else len(task.lam.grid),
        )  # fmt: skip
        started = time.perf_counter()
        learned.finish(task.validation)
        return summary | {"seconds": summary["seconds"] + time.perf_counter() - started}


def learner(
    options: ReprogramOptions, *, trigger: Trigger, identity_words: frozenset[str] = frozenset(), **setting: Any
) -> Reprogram | WordSearch:
    """The learner that a trigger asks for, set up.

    Args:
        options: of the method.
        trigger: untrained; learned in place.
        identity_words: words that name a group, in lower case; a search begins near them.
        setting: what both take: classifier, criterion, groups, split, steps, seed, lam, device.
    """
    if options.pseudo_labels:
        setting["split"] = pseudo_labelled(setting["split"], setting["classifier"])
    if trigger.is_searched:
        return WordSearch(options, trigger=cast(Hard, trigger), identity_words=identity_words, **setting)
    return Reprogram(options, trigger=trigger, **setting)
